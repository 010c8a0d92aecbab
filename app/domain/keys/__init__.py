"""Licence keys and the quota arithmetic."""
