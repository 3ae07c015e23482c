"""Endpoints: their configuration, features and metrics."""
