"""Pipeline that deploys the platform itself."""
