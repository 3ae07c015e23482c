"""The training set of a project: its table, with features as they were known at each row's time.

`offline_store` reads the records of a feature group, `history` finds the record that was valid at a
time, `times` reads times, and `job` is the command.
"""
