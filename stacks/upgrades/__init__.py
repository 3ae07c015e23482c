"""Upgrades of projects: repositories behind their seed, and pull requests with the rest."""
