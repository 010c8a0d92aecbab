"""Additional keys (sublicences): made, changed and deleted. Above installations, since that deactivates some."""
