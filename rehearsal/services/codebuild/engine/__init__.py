"""The engine of CodeBuild, which runs a build in a container (run.py)."""
