"""Amazon ECR: its registries; its API is ministack's."""
