"""What `DEV` opens under `/dev/`: mailbox, clock, background work (docs/operations.md)."""

from app.development.routes import development_routes

__all__ = ["development_routes"]
