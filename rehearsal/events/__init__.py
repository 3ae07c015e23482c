"""Delivery of events to targets: targets, retries, dead letters."""
