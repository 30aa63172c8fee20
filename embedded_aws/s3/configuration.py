"""What a bucket is set to: its region, versioning and Object Lock."""

from http import HTTPStatus
from typing import Any

from embedded_aws.calls import Call
from embedded_aws.errors import AwsError
from embedded_aws.responses import Response
from embedded_aws.s3.bodies import read_xml, xml_response
from embedded_aws.s3_buckets import Bucket

DEFAULT_REGION = "us-east-1"
"""Where a bucket is made that names no region; it may not be named."""

YEAR_DAYS = 365

LOCK_MODES = {"GOVERNANCE", "COMPLIANCE"}


def new_bucket(call: Call, name: str, account_id: str) -> Bucket:
    """Return the bucket that CreateBucket asks for; raise AwsError for another region."""
    region = DEFAULT_REGION
    if call.body:
        settings = read_xml(call.body, "CreateBucketConfiguration")
        region = settings.get("LocationConstraint") or DEFAULT_REGION
        if region == DEFAULT_REGION and settings.get("LocationConstraint"):
            raise AwsError(
                "InvalidLocationConstraint", "The specified location-constraint is not valid"
            )

    if region != call.region:
        raise AwsError(
            "IllegalLocationConstraintException",
            f"The {region} location constraint is incompatible for the region specific endpoint "
            "this request was sent to.",
        )

    bucket = Bucket(name, account_id, region)
    if call.headers.get("x-amz-bucket-object-lock-enabled", "").lower() == "true":
        bucket.has_object_lock = True
        bucket.versioning = "Enabled"

    return bucket


def head_bucket(bucket: Bucket, call: Call) -> Response:
    """Say that the bucket is there, and where."""
    return Response(200, b"", "application/xml", {"x-amz-bucket-region": bucket.region})


def get_versioning(bucket: Bucket, call: Call) -> Response:
    """Return whether versions are kept: nothing at all when it was never set."""
    content = {}
    if bucket.versioning:
        content["Status"] = bucket.versioning
    return xml_response("VersioningConfiguration", content)


def put_versioning(bucket: Bucket, call: Call) -> Response:
    """Set versioning; with Object Lock it stays."""
    status = read_xml(call.body, "VersioningConfiguration").get("Status", "")
    if status not in {"Enabled", "Suspended"}:
        raise AwsError("IllegalVersioningConfigurationException", "Indicate Enabled or Suspended.")

    if bucket.has_object_lock and status != "Enabled":
        raise AwsError(
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state "
            "cannot be changed.",
            HTTPStatus.CONFLICT,
        )

    bucket.versioning = status
    return Response(200, b"", "application/xml")


def get_object_lock(bucket: Bucket, call: Call) -> Response:
    """Return whether objects are locked, and for how long."""
    if not bucket.has_object_lock:
        raise AwsError(
            "ObjectLockConfigurationNotFoundError",
            "Object Lock configuration does not exist for this bucket",
            HTTPStatus.NOT_FOUND,
        )

    content: dict[str, Any] = {"ObjectLockEnabled": "Enabled"}
    if bucket.lock_days:
        retention = {"Mode": bucket.lock_mode, "Days": bucket.lock_days}
        content["Rule"] = {"DefaultRetention": retention}

    return xml_response("ObjectLockConfiguration", content)


def put_object_lock(bucket: Bucket, call: Call) -> Response:
    """Lock new versions from now on; the bucket has to keep versions."""
    if bucket.versioning != "Enabled":
        raise AwsError(
            "InvalidBucketState",
            "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
            HTTPStatus.CONFLICT,
        )

    settings = read_xml(call.body, "ObjectLockConfiguration")
    if "Mode" in settings:
        _set_retention(bucket, settings)
    else:
        bucket.lock_mode = ""
        bucket.lock_days = 0

    bucket.has_object_lock = True
    return Response(200, b"", "application/xml")


def _set_retention(bucket: Bucket, retention: dict[str, str]) -> None:
    days = int(retention.get("Days") or 0)
    years = int(retention.get("Years") or 0)
    if retention.get("Mode") not in LOCK_MODES or (days > 0) is (years > 0):
        raise AwsError("MalformedXML", "Name a mode, and either days or years.")

    bucket.lock_mode = retention["Mode"]
    bucket.lock_days = days or years * YEAR_DAYS
