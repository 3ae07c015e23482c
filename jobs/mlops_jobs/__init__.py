"""Programs that run in jobs of Amazon SageMaker, and the modules that a project's code shares."""
