"""The means by which commands reach the local AWS."""
