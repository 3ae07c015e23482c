"""A local AWS that runs the whole MLOps loop on one machine, without account or containers."""
