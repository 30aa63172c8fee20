"""A database engine without a database: `atomic()` does nothing, every query fails loudly."""
