"""IAM Identity Center's protocol, so that the AWS CLI and SDKs sign in to cooper as they are.

An adapter: who may become what is decided, checked and recorded by `brokers.grants` as for every
other way. Two services are spoken, `sso-oidc` (signing in) and `sso` (the portal's API).
"""
