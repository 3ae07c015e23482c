"""Containers and images without a container engine."""
