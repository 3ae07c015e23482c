"""Traffic that drifts: its rows, requests and labels, and the monitors that read it."""
