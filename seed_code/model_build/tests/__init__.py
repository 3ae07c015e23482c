"""Tests of the seed: features, model, pipeline, image and monitoring."""
