"""Webhooks: an account's events, delivered to its administrators' own servers (EVT-7)."""
