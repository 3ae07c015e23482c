"""Plan of a deployment: its stacks, their cost while idle, and the steps that need a user."""
