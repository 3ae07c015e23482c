"""Models: their content, execution role and network."""
