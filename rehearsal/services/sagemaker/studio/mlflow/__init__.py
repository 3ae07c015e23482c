"""MLflow Apps: the API that creates them, their servers, and the host of the tracking API."""
