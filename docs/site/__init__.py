"""Generator of the documentation site: guides, reference, examples."""
