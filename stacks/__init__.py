"""Deployable stacks of the platform, and their settings."""
