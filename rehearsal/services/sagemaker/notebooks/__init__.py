"""Notebook instances, their lifecycle configurations, and Git repositories."""
