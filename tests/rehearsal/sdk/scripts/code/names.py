"""Columns of the table."""

COLUMNS = ["label", "a", "b", "c", "d"]
