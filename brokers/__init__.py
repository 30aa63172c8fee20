"""AWS access: targets, associations, grants, and their pages and admin."""
