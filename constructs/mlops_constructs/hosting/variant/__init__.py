"""Production and shadow variants of endpoints."""
