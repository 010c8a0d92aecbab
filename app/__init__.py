"""Lychgate: the backend of a software vendor's licence portal."""
