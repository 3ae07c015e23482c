"""Role that creates projects, and the permissions to use it."""
