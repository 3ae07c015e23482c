"""Endpoints, their variants' metrics and data capture."""
