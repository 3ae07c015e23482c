"""Studio domains and their members."""
