"""Monitoring of the stages of a project: roles, retraining and notifications."""
