"""Inference components and their adapters."""
