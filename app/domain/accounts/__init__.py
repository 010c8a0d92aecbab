"""Accounts, companies, members."""
