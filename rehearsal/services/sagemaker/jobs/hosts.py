"""The hosts of a job: one for each instance, with a separate /opt/ml."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.containers.container import Container, Ended
from rehearsal.services.sagemaker.data.transfer import Shard
from rehearsal.services.sagemaker.jobs.job import results

SHARDED = "ShardedByS3Key"


@dataclass(frozen=True)
class Host:
    """One instance of a job.

    Args:
        number: its number, from 0.
        names: the names of all hosts, in the order of their numbers.
        directory: a folder of this host alone; a container sees parts of it.
    """

    number: int
    names: Sequence[str]
    directory: Path

    @property
    def name(self) -> str:
        """The name, as `algo-1`."""
        return self.names[self.number]

    @property
    def ml(self) -> Path:
        """The folder that is /opt/ml of the container."""
        return self.directory / "ml"

    def shard(self, distribution: str | None) -> Shard | None:
        """Returns the objects of an input that this host reads; None for all of them.

        Args:
            distribution: the S3DataDistributionType.
        """
        return Shard(self.number, len(self.names)) if distribution == SHARDED else None


def hosts_of(names: Sequence[str], directory: Path) -> list[Host]:
    """Returns the hosts, whose folders are below a directory."""
    return [Host(number, names, directory / name) for number, name in enumerate(names)]


@dataclass(frozen=True)
class ClusterEnd:
    """The end of all containers of a job, in the order of their hosts."""

    hosts: Sequence[Host]
    containers: Sequence[Container]
    ended: Sequence[Ended]

    @property
    def failed(self) -> tuple[Host, Container, int] | None:
        """The host that failed first, its container and exit code; None without a failure."""
        for host, container, end in zip(self.hosts, self.containers, self.ended, strict=True):
            if end.exit_code != 0 and not end.stopped and not end.timed_out:
                return host, container, end.exit_code
        return None

    @property
    def timed_out(self) -> bool:
        """True if the job took too long."""
        return any(end.timed_out for end in self.ended)

    @property
    def interrupted(self) -> bool:
        """True if the job was stopped or took too long."""
        return self.failed is None and any(end.stopped or end.timed_out for end in self.ended)


def clashes(folders: Sequence[Path]) -> list[tuple[int, str]]:
    """Returns each file that a folder has in common with an earlier one.

    Returns:
        The number of the later folder, and the path of the file.
    """
    seen: set[str] = set()
    found = []
    for number, folder in enumerate(folders):
        names = {
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.is_symlink() or not path.is_dir()
        }
        found += [(number, name) for name in sorted(names & seen)]
        seen |= names
    return found


def results_of(hosts: Sequence[Host], path: str) -> list[Path]:
    """Returns a file or folder of each host that its command wrote.

    Raises:
        ExecutionFailedError: one is a symbolic link out of /opt/ml.
    """
    return [results(host.ml, path) for host in hosts]
