"""Feature ingestion: files below a prefix of S3 become records of a feature group.

`files` finds what is new and reads it, `schema` holds rows against the group's features, `writer`
puts them into the store, `job` is the command.
"""
