"""Moves from legacy portals (MIG). The word migration is Alembic's; inside the code they are transfers."""
