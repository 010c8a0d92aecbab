"""What every test may use."""

from hypothesis import settings as hypothesis_settings

from tests.support.servers import backing, busy_portal, cluster, database_url, portal, settings

__all__ = ["backing", "busy_portal", "cluster", "database_url", "portal", "settings"]

# Speed is never asserted by a test: a busy machine must not fail one.
hypothesis_settings.register_profile("unhurried", deadline=None)
hypothesis_settings.load_profile("unhurried")
