"""The frame of cooper: settings, AWS, storage, audit and the admin that the rooms stand on."""

__version__ = "0.1.0"
