"""Template tags of every page; the settings load them, so templates need not."""
