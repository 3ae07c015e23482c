"""Production variants and shadow variants of endpoints."""
