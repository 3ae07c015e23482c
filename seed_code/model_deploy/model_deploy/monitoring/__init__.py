"""Monitors of an endpoint, with the baselines that its model package brings."""
