"""Sources of pipelines, and the events that start them."""
