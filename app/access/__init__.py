"""Who may do what: actors, permissions, and the rights that row-level security reads."""
