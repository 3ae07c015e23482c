"""Project templates in S3 and in Service Catalog."""
