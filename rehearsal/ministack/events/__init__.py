"""EventBridge, and the metrics that services publish about themselves."""
