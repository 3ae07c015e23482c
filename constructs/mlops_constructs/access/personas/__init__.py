"""Roles of users, by persona, Studio domain and project."""
