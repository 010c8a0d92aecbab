"""Proxy servers: what they use, and who hears when that is more than was bought."""
