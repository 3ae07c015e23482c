"""The container contract of training jobs, for models of encoded tables."""
