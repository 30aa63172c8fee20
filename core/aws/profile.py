"""The region in AWS's configuration files."""

import botocore.session
from botocore.exceptions import BotoCoreError


def profile_region() -> str:
    """Return the region of the profile that AWS_PROFILE names (or `default`), "" without one.

    Files that cannot be read have none: what is wrong with them is said when cooper looks for its
    credentials there.
    """
    try:
        region = botocore.session.get_session().get_config_variable("region")
    except BotoCoreError:
        return ""
    return str(region or "").strip()
