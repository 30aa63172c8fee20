"""Doors: what may you become, become it, and remember."""
