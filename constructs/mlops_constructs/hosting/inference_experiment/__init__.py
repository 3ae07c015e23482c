"""Inference experiments (shadow tests)."""
