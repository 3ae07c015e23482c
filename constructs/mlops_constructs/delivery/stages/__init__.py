"""Conditions and rules of stages."""
