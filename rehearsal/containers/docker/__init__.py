"""The `docker` command without Docker: builds, tags, pushes and runs images of the rehearsal."""
