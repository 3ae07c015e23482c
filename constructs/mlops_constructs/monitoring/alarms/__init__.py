"""Alarms on metrics and endpoints, their actions, and dashboards."""
