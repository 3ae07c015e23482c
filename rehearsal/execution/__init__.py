"""The data plane: containers, jobs, builds, pipelines and endpoints that really run."""
