"""Inviting users to install (INV)."""
