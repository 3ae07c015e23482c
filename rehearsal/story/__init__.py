"""The run that a person watches, and its report."""
