"""Releases of products, their files and documentation (PRD-2)."""
