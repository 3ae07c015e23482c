"""Experiments, trials, trial components, and their metrics."""
