"""Feature ingestion: files below a prefix of S3 become records of a feature group.

`files` finds and reads new files, `schema` validates rows against the features of the group,
`writer`, `offline` and `direct` write them to the stores, `rejected` sets aside the other rows, and
`job` is the command.
"""
