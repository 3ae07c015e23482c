"""Spark jobs without Spark."""

from __future__ import annotations

import threading
import time

from rehearsal.services.emr_serverless.spark import SparkFailedError, SparkJob


class FakeSpark:
    """Jobs that end as the test decides."""

    def __init__(self) -> None:
        self.jobs: list[SparkJob] = []
        self.failure = ""
        self.held = threading.Event()
        self.held.set()

    def __call__(self, job: SparkJob) -> str:
        self.jobs.append(job)
        job.running()
        while not self.held.is_set() and not job.stop.is_set():
            time.sleep(0.01)
        if self.failure:
            raise SparkFailedError(self.failure)
        return ""
