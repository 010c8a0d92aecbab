from tests.support.outbox import app, mail_server, open_app, servers

__all__ = ["app", "mail_server", "open_app", "servers"]
