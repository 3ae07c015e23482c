"""Lineage: artifacts, actions, contexts, their associations, and queries."""
