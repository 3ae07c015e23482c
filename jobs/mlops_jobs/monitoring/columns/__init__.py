"""Columns of a table: mergeable statistics of their values, and distances of two columns."""
