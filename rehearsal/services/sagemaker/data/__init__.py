"""Transfer of data between S3 and containers."""
