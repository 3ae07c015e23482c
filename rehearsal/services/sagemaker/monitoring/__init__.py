"""Model Monitor."""
