"""What knows nothing of the business: settings, clock, ids, connections, keys, logging."""
