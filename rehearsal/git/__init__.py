"""Git repositories, Git over HTTP, and Git providers."""
