"""Sends every event of the audit log out of the installation, in signed batches.

It runs apart from the server, under a role of its own (`cooper -ship`): whoever takes the server's
role over can neither change what was sent nor sign anything else for it.
"""
