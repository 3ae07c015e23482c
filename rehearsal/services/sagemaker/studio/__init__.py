"""Studio: domains, user profiles, spaces, apps, custom images; MLflow Apps."""
