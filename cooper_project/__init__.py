"""The composition root: settings, URLs, commands and the server."""
