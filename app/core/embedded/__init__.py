"""PostgreSQL and Valkey out of wheels: real servers under HOME_DIR, with nothing to install."""

from app.core.embedded.servers import EmbeddedServers, EmbeddedUrls

__all__ = ["EmbeddedServers", "EmbeddedUrls"]
