"""An S3 bucket as a folder of files: which there are, and what is in one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core import aws

S3_PREFIX = r"(?:[A-Za-z0-9_.=-]+/)*"
"""What may stand before a file's name."""

BUCKET_NAME = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"


@dataclass(frozen=True)
class Bucket:
    """The files of a bucket whose keys begin with `prefix`; their names are without it."""

    name: str
    prefix: str = ""
    region: str = ""
    """cooper's own where it is ""."""

    @property
    def client(self) -> Any:
        """The client for its region; raise CooperError."""
        return aws.client("s3", self.region)

    def names(self, folder: str, after: str = "") -> Iterator[str]:
        """Yield the names of a folder's files that sort after one, in order; raise CooperError.

        A file of which the newest version is a delete marker is none.
        """
        arguments = {"Bucket": self.name, "Prefix": self.prefix + folder}
        if after:
            arguments["StartAfter"] = self.prefix + after

        while True:
            page = aws.call(self.client.list_objects_v2, **arguments).to_dict()
            for entry in page.get("Contents", []):
                yield str(entry["Key"]).removeprefix(self.prefix)

            if not page.get("IsTruncated"):
                return
            arguments["ContinuationToken"] = page["NextContinuationToken"]

    def read(self, name: str) -> bytes:
        """Return what a file has; raise CooperError."""

        def get_whole(**arguments: Any) -> dict[str, Any]:
            answer = self.client.get_object(**arguments)
            return {"Body": answer["Body"].read()}

        answer = aws.call(get_whole, Bucket=self.name, Key=self.prefix + name)
        return bytes(answer.to_dict()["Body"])
