"""Deployment guardrails of endpoints and inference components."""
