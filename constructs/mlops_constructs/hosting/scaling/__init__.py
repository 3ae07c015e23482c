"""Automatic scaling of variants and inference components."""
