"""Root Subscription fields, and the hub that wakes them."""
