"""People: who are you, and prove it again."""
