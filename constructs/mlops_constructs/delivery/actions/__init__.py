"""Actions of pipelines."""
