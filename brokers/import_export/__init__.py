"""Targets and associations as a file: written, read, planned, and applied in numbered steps."""
