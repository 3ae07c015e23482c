"""SSE-KMS of S3 objects, and KMS keys."""
