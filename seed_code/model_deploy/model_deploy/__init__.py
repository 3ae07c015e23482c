"""Deploys the newest approved model of a project to an endpoint for each stage."""
