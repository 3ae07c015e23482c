"""Spark in processing jobs: the cluster of the job's instances, and errors of its tasks."""
