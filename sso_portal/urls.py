"""URLs of the protocol. None ends with a slash: its clients put the operations behind a prefix."""

from django.urls import path

from sso_portal import (
    api_views,
    authorize_views,
    command_line_views,
    device_code_views,
    oidc_views,
    people_views,
    permit_views,
    portal_views,
    set_up_views,
    start_views,
)

urlpatterns = [
    path("start", start_views.start, name="start"),
    path("start/", start_views.start, name="start-slash"),
    path("command-line/", set_up_views.set_up, name="command-line"),
    path("command-line/cooper-profiles.py", set_up_views.profile_script, name="profiles"),
    path("command-line/end/", command_line_views.end, name="command-line-end"),
    path("command-line/end-all/", command_line_views.end_all, name="command-line-end-all"),
    path("code/", device_code_views.device_code, name="device-code"),
    path("code/decide/", device_code_views.decide, name="device-code-decide"),
    path("permit/<slug:permit_id>/", permit_views.permit, name="permit"),
    # the AWS CLI keeps the host of the endpoint alone, and asks at its root
    path("authorize", authorize_views.authorize, name="sso-authorize"),
    path("sso-oidc/authorize", authorize_views.authorize, name="sso-oidc-authorize"),
    path("sso-oidc/client/register", oidc_views.register_client, name="sso-register"),
    path(
        "sso-oidc/device_authorization",
        oidc_views.start_device_authorization,
        name="sso-device-authorization",
    ),
    path("sso-oidc/token", oidc_views.create_token, name="sso-token"),
    path("sso/assignment/accounts", portal_views.list_accounts, name="sso-accounts"),
    path("sso/assignment/roles", portal_views.list_account_roles, name="sso-roles"),
    path("sso/federation/credentials", portal_views.role_credentials, name="sso-credentials"),
    path("api/v1/openapi.json", api_views.openapi, name="api-description"),
    path("api/v1/targets", api_views.targets, name="api-targets"),
    path("api/v1/targets/<target:name>/credentials", api_views.credentials, name="api-credentials"),
    path("api/v1/aws-config", api_views.config, name="api-aws-config"),
    path("api/v1/people/<path:person>/disable", people_views.disable, name="api-disable"),
    path("sso/logout", portal_views.logout, name="sso-logout"),
]
