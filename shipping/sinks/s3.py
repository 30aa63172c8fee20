"""S3: a file for each batch, written once; the bucket keeps versions and locks them.

Rules: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import base64

from core import aws
from core.errors import CooperError, Unavailable
from shipping.batches import Batch, DeliveredBatch, sha256
from shipping.buckets import Bucket
from shipping.sinks.base import HOW_TO_MAKE_IT, Undelivered
from shipping.sinks.folder import batch_name, number_of

THERE_ALREADY = "PreconditionFailed"
AT_ONCE = "ConditionalRequestConflict"

NO_LOCK = "ObjectLockConfigurationNotFoundError"


class S3Sink:
    """Files in a bucket, under `prefix`, as `shipping.sinks.folder` has them."""

    name = "s3"

    def __init__(self, bucket: str, prefix: str = "", region: str = "") -> None:
        self._bucket = Bucket(bucket, prefix, region)
        self._is_unchecked = False
        """Whether S3 did not answer when it was asked what is wrong with the bucket."""

    def deliver(self, batch: Batch) -> None:
        """Return once the batch is there, be it from before; raise Undelivered."""
        self._check()
        self._put(batch_name(batch.number), batch.body)

    def newest_after(self, number: int) -> DeliveredBatch | None:
        """Return the newest of the batches after that of a number; raise Undelivered."""
        newest = 0
        try:
            for name in self._bucket.names("batches/", after=batch_name(number)):
                newest = max(newest, number_of(name))
            if newest <= number:
                return None
            content = self._bucket.read(batch_name(newest))
        except CooperError as error:
            raise self._undelivered("batches/", error) from error
        return DeliveredBatch(newest, sha256(content))

    def keep(self, name: str, content: bytes) -> None:
        """Keep a file beside the batches, unless one of that name is there; raise Undelivered."""
        self._put(name, content, must_be_same=False)

    def problems(self) -> list[str]:
        """Return what makes the bucket one whose files can be changed, or cannot be reached.

        Raise Unavailable when S3 does not answer: the first delivery then asks again.
        """
        self._is_unchecked = False
        try:
            next(self._bucket.names("batches/"), "")
            return [*self._versioning_problems(), *self._lock_problems()]
        except Unavailable:
            self._is_unchecked = True
            raise
        except CooperError as error:
            return [f"COOPER_SHIP_S3_BUCKET: {self._bucket.name}: {error.line} {HOW_TO_MAKE_IT}"]

    def _check(self) -> None:
        """Raise Undelivered for a bucket that nobody could ask before, and that is no right one."""
        if not self._is_unchecked:
            return

        try:
            problems = self.problems()
        except CooperError as error:
            raise self._undelivered("batches/", error) from error
        if problems:
            # it is asked again until somebody has mended it
            self._is_unchecked = True
            raise Undelivered(f"{self.name}: {' '.join(problems)}", again=True)

    def _put(self, name: str, content: bytes, *, must_be_same: bool = True) -> None:
        try:
            aws.call(
                self._bucket.client.put_object,
                Bucket=self._bucket.name,
                Key=self._bucket.prefix + name,
                Body=content,
                ContentType="application/jsonl",
                ChecksumSHA256=_checksum(content),
                IfNoneMatch="*",
            )
        except CooperError as error:
            if error.code != THERE_ALREADY:
                raise self._undelivered(name, error) from error
            if must_be_same:
                self._check_same(name, content)

    def _check_same(self, name: str, content: bytes) -> None:
        """Raise Undelivered unless the file that is there is this one.

        It is, when the answer to an earlier try was lost. Any other one stops the sink.
        """
        key = self._bucket.prefix + name
        try:
            answer = aws.call(
                self._bucket.client.head_object,
                Bucket=self._bucket.name,
                Key=key,
                ChecksumMode="ENABLED",
            )
            present_checksum = answer.text("ChecksumSHA256")
        except CooperError as error:
            raise self._undelivered(name, error) from error

        if present_checksum != _checksum(content):
            raise Undelivered(
                f"{self.name}: {key} is in the bucket {self._bucket.name} with other contents than "
                f"cooper's (SHA-256 {sha256(content)}). Somebody else writes there: look at its "
                "versions and at CloudTrail. Nothing more is sent there until it is gone, or "
                "COOPER_SHIP_S3_PREFIX is another one.",
                again=True,
            )

    def _undelivered(self, name: str, error: CooperError) -> Undelivered:
        if error.code == AT_ONCE:
            text = f"{self.name}: somebody else writes {name} at this moment."
        else:
            text = f"{self.name}: {name}: {error.line}"
        return Undelivered(text, again=True)

    def _versioning_problems(self) -> list[str]:
        answer = aws.call(self._bucket.client.get_bucket_versioning, Bucket=self._bucket.name)
        if answer.optional_text("Status", "") == "Enabled":
            return []
        problem = f"COOPER_SHIP_S3_BUCKET: {self._bucket.name} keeps no versions: "
        problem += "what is overwritten is lost. Enable versioning, and Object Lock."
        return [problem]

    def _lock_problems(self) -> list[str]:
        try:
            answer = aws.call(
                self._bucket.client.get_object_lock_configuration, Bucket=self._bucket.name
            )
        except CooperError as error:
            if error.code != NO_LOCK:
                raise
            return [self._unlocked("has no Object Lock")]

        configuration = answer.part("ObjectLockConfiguration").to_dict()
        retention = configuration.get("Rule", {}).get("DefaultRetention", {})
        if not retention:
            return [self._unlocked("has Object Lock without a default retention")]

        if retention.get("Mode") != "COMPLIANCE":
            return [self._unlocked("has Object Lock in governance mode, which some may bypass")]

        return []

    def _unlocked(self, what: str) -> str:
        return (
            f"COOPER_SHIP_S3_BUCKET: {self._bucket.name} {what}: files can be deleted. Set a "
            "default retention in compliance mode (docs/siem.md)."
        )


def _checksum(content: bytes) -> str:
    """Return the SHA-256 as S3 writes it."""
    return base64.b64encode(bytes.fromhex(sha256(content))).decode()
