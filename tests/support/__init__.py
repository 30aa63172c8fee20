"""What tests of several packages share: a browser, a served process, SAML messages, faults."""
