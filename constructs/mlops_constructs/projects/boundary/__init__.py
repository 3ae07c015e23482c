"""Permissions boundary and path of project roles."""
