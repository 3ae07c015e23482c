"""Patches of ministack's S3 and KMS: encryption of objects."""
