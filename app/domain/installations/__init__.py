"""Computers, farms, proxy servers."""
