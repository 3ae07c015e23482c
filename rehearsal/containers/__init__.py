"""Containers without an engine: isolation, mounts, images."""
