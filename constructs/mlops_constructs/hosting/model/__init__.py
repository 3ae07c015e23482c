"""Models and their content."""
