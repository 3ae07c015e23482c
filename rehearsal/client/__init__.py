"""Clients of the local AWS: its process, the CDK CLI, git, pipelines, projects and endpoints."""
