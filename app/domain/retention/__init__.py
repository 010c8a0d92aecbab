"""How long what happened is kept."""
