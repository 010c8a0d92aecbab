"""Members of business accounts: roles, invitations, grants of keys."""
