"""Farms: who is counted, and what happens when more is used than was bought."""
