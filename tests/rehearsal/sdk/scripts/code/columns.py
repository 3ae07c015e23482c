"""The columns of the table."""

LABEL = 0
