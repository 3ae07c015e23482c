"""Resources of a stage, a module for each kind."""
