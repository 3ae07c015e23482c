"""Images: build, layers, store and registry."""
