"""Image builds, layers, the image store and the registry."""
