"""The execution of a pipeline."""
