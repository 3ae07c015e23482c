"""Tables: raw files, types and encoding of columns, the target, and the split of rows."""

from mlops_jobs.table.raw import MISSING, RawTable, Rows, is_missing

__all__ = ["MISSING", "RawTable", "Rows", "is_missing"]
