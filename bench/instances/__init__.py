"""The promises of several instances, measured with real server processes on one store."""
