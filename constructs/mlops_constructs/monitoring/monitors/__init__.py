"""Monitors of endpoints and batch transform jobs: input, output, baseline and schedule."""
