"""The business: a folder a noun with commands (writes), queries (reads), rules (pure) and events."""
