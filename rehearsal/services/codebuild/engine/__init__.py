"""The execution of a build."""
