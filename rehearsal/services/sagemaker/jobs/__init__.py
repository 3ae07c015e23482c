"""Processing, training, tuning and transform jobs."""
