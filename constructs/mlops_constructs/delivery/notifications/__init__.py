"""Notifications of pipeline events."""
