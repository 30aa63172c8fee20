"""The server: what it refuses to start with, gunicorn's options, static files, and the demo with its own AWS."""
