"""Simulated trials: virtual patients through a design, its analysis, and the truth behind them."""
