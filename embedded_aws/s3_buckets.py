"""What S3 keeps: buckets, their objects in versions, and the locks on these."""

import base64
from dataclasses import asdict, dataclass, field
from typing import Any

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Version:
    """One version of an object; a delete marker has no body. Times in seconds since 1970."""

    version_id: str
    etag: str
    modified_at: float
    body: bytes = b""
    checksums: dict[str, str] = field(default_factory=dict)
    lock_mode: str = ""
    retain_until: float = 0
    is_delete_marker: bool = False


@dataclass
class Bucket:
    """A bucket; `versions` of each key, the newest last.

    `versioning` is "", Enabled or Suspended. `lock_days` of `lock_mode` are what each new version
    is retained for; 0: Object Lock has no default.
    """

    name: str
    account_id: str
    region: str
    versioning: str = ""
    has_object_lock: bool = False
    lock_mode: str = ""
    lock_days: int = 0
    versions: dict[str, list[Version]] = field(default_factory=dict)
    under_way: set[str] = field(default_factory=set)
    """Keys that tests have somebody else put now: a conditional put of them meets a conflict."""

    @property
    def has_default_retention(self) -> bool:
        """Whether each new version is locked without being asked for."""
        return self.has_object_lock and self.lock_days > 0

    def current(self, key: str) -> Version | None:
        """Return the current version of an object, or None without one or when it is deleted."""
        versions = self.versions.get(key, [])
        if not versions or versions[-1].is_delete_marker:
            return None
        return versions[-1]

    def add(self, key: str, version: Version) -> None:
        """Make this the current version; without versioning it takes the place of the other."""
        if self.versioning == "Enabled":
            self.versions.setdefault(key, []).append(version)
        else:
            self.versions[key] = [version]

    @property
    def present_keys(self) -> list[str]:
        """Return the keys of all objects that are not deleted, by their UTF-8 bytes."""
        present = [key for key in self.versions if self.current(key) is not None]
        return sorted(present, key=str.encode)


Buckets = dict[str, Bucket]


def dump(buckets: Buckets) -> dict[str, Any]:
    """Return what JSON can hold of all buckets."""
    stored = {}
    for name, bucket in buckets.items():
        fields = {**vars(bucket), "under_way": []}
        fields["versions"] = {
            key: [_stored_version(version) for version in versions]
            for key, versions in bucket.versions.items()
        }
        stored[name] = fields

    return stored


def _stored_version(version: Version) -> dict[str, Any]:
    return asdict(version) | {"body": base64.b64encode(version.body).decode()}


def load(stored: dict[str, Any]) -> Buckets:
    """Return the buckets that `dump` was given."""
    buckets = {}
    for name, fields in stored.items():
        bucket = Bucket(**(fields | {"under_way": set(), "versions": {}}))
        for key, versions in fields["versions"].items():
            bucket.versions[key] = [_read_version(version) for version in versions]
        buckets[name] = bucket

    return buckets


def _read_version(fields: dict[str, Any]) -> Version:
    return Version(**(fields | {"body": base64.b64decode(fields["body"])}))
