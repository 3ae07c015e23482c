"""Feature Store: feature groups, their stores, and the runtime."""
