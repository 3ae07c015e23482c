"""The command `rehearse-docker`, which the CDK CLI calls in place of `docker` (CDK_DOCKER)."""

import os
import sys

from rehearsal.client.errors import RehearsalError, explain
from rehearsal.client.images import docker
from rehearsal.containers.docker.command_line import DockerError


def main() -> None:
    """Runs a command of `docker`; every error ends in one message and a nonzero exit status."""
    try:
        status = docker(
            sys.argv[1:],
            variables=os.environ,
            standard_input=sys.stdin.read,
            output=_write,
        )
    except DockerError as error:
        _write_error(str(error))
        sys.exit(error.status)
    except Exception as error:
        known = error if isinstance(error, RehearsalError) else explain(error)
        if known is None:
            raise
        _write_error(str(known))
        sys.exit(1)
    sys.exit(status)


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _write_error(text: str) -> None:
    sys.stderr.write(f"{text}\n")
