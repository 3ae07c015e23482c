"""Seed code of a project's repositories."""
