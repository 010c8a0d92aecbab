"""Checks and helpers of the Makefile."""
