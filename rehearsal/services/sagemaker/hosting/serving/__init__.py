"""Model servers: the containers behind a variant."""
