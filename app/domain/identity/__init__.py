"""People, their passwords, links and sessions."""
