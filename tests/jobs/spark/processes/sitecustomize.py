"""Gives every process of Python, those of Spark included, the AWS of `STORE` in files."""

import os

import boto3

if "STORE" in os.environ:
    from tests.jobs.spark.store_in_files import client

    boto3.client = client  # type: ignore[assignment]
