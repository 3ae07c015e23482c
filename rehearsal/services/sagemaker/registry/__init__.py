"""Model registry, model cards and hubs."""
