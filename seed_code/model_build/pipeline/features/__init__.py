"""The feature group of the project: its schema, its creation, and the steps that use it."""
