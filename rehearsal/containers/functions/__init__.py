"""Containers of Lambda functions."""
