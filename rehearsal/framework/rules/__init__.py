"""Rules that AWS states in prose, beyond the models of its requests."""
