"""Partners, and the customers that their people act for."""
