"""The instances of a job, which SageMaker describes in a file of each container."""

import json
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Self

RESOURCES = Path("/opt/ml/config/resourceconfig.json")
"""Path in a processing job; a training job has it below `/opt/ml/input/config`."""
LOOPBACK = socket.inet_ntoa(struct.pack("!I", socket.INADDR_LOOPBACK))


@dataclass(frozen=True, kw_only=True)
class Instances:
    """The instances of a job.

    Args:
        host: name of this instance.
        hosts: names of all instances, in the same order on each of them.
    """

    host: str = LOOPBACK
    hosts: tuple[str, ...] = (LOOPBACK,)

    @classmethod
    def of_job(cls, resources: Path = RESOURCES) -> Self:
        """Returns the instances of a job; outside of a job, this machine.

        Args:
            resources: path of the job's resource configuration. Defaults to that of a processing
                job.

        Source:
            https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
            https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
        """
        if not resources.exists():
            return cls()
        found = json.loads(resources.read_bytes())
        return cls(host=found["current_host"], hosts=tuple(sorted(found["hosts"])))

    @property
    def count(self) -> int:
        """Number of instances."""
        return len(self.hosts)

    @property
    def number(self) -> int:
        """Number of this instance, from 0."""
        return self.hosts.index(self.host)

    @property
    def is_first(self) -> bool:
        """True on the instance that writes the results."""
        return self.number == 0

    def share(self, rows: int) -> slice:
        """Returns the rows of this instance: contiguous ones, as many on each up to one.

        Args:
            rows: number of all rows.
        """
        return slice(rows * self.number // self.count, rows * (self.number + 1) // self.count)
