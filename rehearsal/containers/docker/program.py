"""The program `docker` inside of builds: sends its command line to the daemon of the build.

It runs on any Python 3, and imports nothing of the rehearsal.
"""

import io
import json
import os
import socket
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, cast

SOCKET = "/var/run/docker.sock"
NO_DAEMON = (
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon "
    "running?"
)
_BUILDS = (["build"], ["image", "build"], ["buildx", "build"], ["builder", "build"])


def main() -> int:
    """Runs the command; returns its exit code."""
    arguments = sys.argv[1:]
    try:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(os.environ.get("DOCKER_SOCKET", SOCKET))
    except OSError:
        sys.stderr.write(f"{NO_DAEMON}\n")
        return 1
    with connection, connection.makefile("rwb") as stream:
        try:
            folder, dockerfile = context_of(arguments)
            context = _archive(folder)
        except OSError as error:
            sys.stderr.write(f"ERROR: unable to prepare context: {error}\n")
            return 1
        request = {
            "arguments": arguments,
            "standard_input": sys.stdin.read() if "--password-stdin" in arguments else "",
            "environment": dict(os.environ),
            "dockerfile": dockerfile,
            "context": len(context),
        }
        stream.write(json.dumps(request).encode() + b"\n")
        stream.write(context)
        stream.flush()
        return _follow(cast("BinaryIO", stream))


def _follow(stream: BinaryIO) -> int:
    for line in stream:
        message = json.loads(line)
        if "status" in message:
            return int(message["status"])
        sys.stdout.write(f"{message['line']}\n")
        sys.stdout.flush()
    sys.stderr.write("The docker daemon has ended.\n")
    return 1


def context_of(arguments: "Sequence[str]") -> "tuple[Path | None, str | None]":
    """Returns the folder of a build context, and the text of the Dockerfile that --file names.

    Args:
        arguments: the words after `docker`.

    Returns:
        None, None for a command that is no build.

    Raises:
        OSError: the folder or the Dockerfile does not exist.
    """
    if not any(list(arguments[: len(words)]) == words for words in _BUILDS):
        return None, None
    folder = Path(arguments[-1])
    if not folder.is_dir():
        raise FileNotFoundError(f"path {str(folder)!r} not found")
    dockerfile = None
    for index, word in enumerate(arguments[:-1]):
        path = arguments[index + 1] if word in ("-f", "--file") else word.partition("--file=")[2]
        if path:
            dockerfile = Path(path).read_text(encoding="utf-8")
    return folder, dockerfile


def _archive(folder: "Path | None") -> bytes:
    if folder is None:
        return b""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(str(folder), arcname=".")
    return archive.getvalue()


if __name__ == "__main__":
    sys.exit(main())
