"""Patches of ministack's Step Functions."""
