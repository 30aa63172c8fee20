"""The server: startup checks, gunicorn, static files."""
