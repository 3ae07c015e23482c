"""Patches of ministack's IAM and STS."""
