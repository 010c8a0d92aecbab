"""What every test may use."""

from tests.support.servers import busy_portal, cluster, database_url, embedded, portal, settings

__all__ = ["busy_portal", "cluster", "database_url", "embedded", "portal", "settings"]
