"""Batch transform jobs on a schedule."""
