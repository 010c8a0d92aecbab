"""Exports: lists as files to download (DEV-10, INV-4)."""
