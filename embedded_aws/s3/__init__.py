"""S3: buckets whose objects are put once, kept in versions and locked.

Rules: https://docs.aws.amazon.com/AmazonS3/latest/API/ (each operation's page), and in the user
guide conditional-writes.html, object-lock.html and checking-object-integrity.html.
"""

from embedded_aws.s3.operations import handle

__all__ = ["handle"]
