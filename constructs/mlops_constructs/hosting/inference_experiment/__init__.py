"""Inference experiments, which are shadow tests."""
