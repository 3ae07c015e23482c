"""Feature Store."""
