"""cooper to try out: the server beside an embedded AWS, seeded with people, targets and an IdP."""
