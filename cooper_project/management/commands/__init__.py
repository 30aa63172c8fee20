"""Arguments, one function, what it says."""
