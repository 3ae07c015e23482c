"""A local AWS that runs the MLOps loop on one machine, without an account or a container engine."""
