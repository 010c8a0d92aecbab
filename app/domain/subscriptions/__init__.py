"""Purchased rights, and the orders behind them."""
