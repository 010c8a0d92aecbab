"""Offline activation: request files of proxy servers, and the licence files that answer them (PXY-4)."""
