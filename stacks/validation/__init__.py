"""Validation of the templates of the app."""
