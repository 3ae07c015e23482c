"""Git repositories, git over HTTP, and git providers."""
