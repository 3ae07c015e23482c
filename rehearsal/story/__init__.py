"""The run of the whole loop and its report."""
