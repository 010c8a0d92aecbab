"""The demo company: a vendor, its customers, and a year of what happened to them."""

from app.demo.company import ensure
from app.demo.telling import progress, tell

__all__ = ["ensure", "progress", "tell"]
