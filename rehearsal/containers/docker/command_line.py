"""The command line of `docker`, as far as it is supported.

Sources: https://docs.docker.com/reference/cli/docker/ and, for the calls of the CDK CLI,
https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_ecr_assets-readme.html
"""

import argparse
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

_TWO_WORDS = {
    ("image", "build"): "build",
    ("image", "inspect"): "inspect",
    ("image", "ls"): "images",
    ("image", "list"): "images",
    ("image", "pull"): "pull",
    ("image", "push"): "push",
    ("image", "rm"): "rmi",
    ("image", "tag"): "tag",
    ("container", "ls"): "ps",
    ("container", "run"): "run",
    ("image", "prune"): "prune",
    ("system", "prune"): "prune",
    ("buildx", "build"): "build",
    ("builder", "build"): "build",
}
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
"""The processor of this machine, as images name it."""
_REGISTRY = re.compile(r"^(?:https?://)?(?P<host>[^/]+)/?(?:v[12]/?)?$")
_REFERENCE = re.compile(
    r"(?:[a-zA-Z0-9][a-zA-Z0-9.-]*(?::\d+)?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)


class DockerError(Exception):
    """A command that fails; `status` is its exit code.

    Args:
        message: the message for the user.
        status: the exit code. Defaults to 1; 125 is a wrong command line of `docker run`.
    """

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Command:
    """A parsed command: its name, such as `build`, and its options and arguments."""

    name: str
    options: argparse.Namespace


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise DockerError(
            f"{self.prog}: {message}. The rehearsal builds and runs images without a container "
            f"engine and supports these options:\n{self.format_usage().strip()}",
            125,
        )


def parse(arguments: Sequence[str]) -> Command:
    """Parses the arguments of `docker`.

    Args:
        arguments: the words after `docker`.

    Raises:
        DockerError: the command or an option is not supported, or a value is invalid.
    """
    words = list(arguments)
    if words in (["--version"], ["-v"]):
        words = ["version"]
    pair = _TWO_WORDS.get((words[0], words[1])) if len(words) > 1 else None
    name, rest = (pair, words[2:]) if pair else (next(iter(words), ""), words[1:])
    make = _COMMANDS.get(name)
    if make is None:
        supported = ", ".join(sorted(_COMMANDS))
        shown = " ".join(words[:2]) if words else "no command"
        raise DockerError(
            f"docker: got {shown}; the rehearsal has no container engine and supports {supported}."
        )
    parser = _Parser(prog=f"docker {name}", add_help=False, allow_abbrev=False)
    make(parser)
    return Command(name, parser.parse_args(rest))


def reference(text: str) -> str:
    """Returns the name of an image with its tag, `latest` by default.

    Raises:
        DockerError: the text is not the name of an image.
    """
    if not _REFERENCE.fullmatch(text):
        raise DockerError(
            f"invalid reference format: got {text!r}, expected [REGISTRY/]REPOSITORY[:TAG] in "
            "lower case, such as models/churn:1"
        )
    tagged = "@" in text or ":" in text.rpartition("/")[2]
    return text if tagged else f"{text}:latest"


def registry_host(text: str) -> str:
    """Returns the host of a registry's address.

    Raises:
        DockerError: the text is not an address.
    """
    match = _REGISTRY.match(text)
    if match is None:
        raise DockerError(f"got {text!r}, expected the address of a registry")
    return match["host"]


def _platform(text: str) -> str:
    """Checks that a platform is that of AWS's instances or of this machine."""
    known = sorted({"linux/amd64", "linux/x86_64", f"linux/{ARCHITECTURE}"})
    if text not in known:
        raise argparse.ArgumentTypeError(
            f"got {text}, expected one of {', '.join(known)}: programs run on the processor of "
            "this machine"
        )
    return text


def _build(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("context")
    parser.add_argument("-t", "--tag", action="append", default=[], dest="tags")
    parser.add_argument("-f", "--file", default=None)
    parser.add_argument("--build-arg", action="append", default=[], dest="build_arguments")
    parser.add_argument("-q", "--quiet", action="store_true")
    # An image has one platform here, has no separate network and is always loaded; a cache in a
    # registry saves time only. These options change nothing, and build scripts pass them by habit.
    parser.add_argument("--platform", default=None, type=_platform)
    parser.add_argument("--progress", default=None)
    parser.add_argument("--cache-from", action="append")
    parser.add_argument("--provenance", default=None)
    parser.add_argument("--network", choices=("default", "bridge", "host"), default=None)
    parser.add_argument("--no-cache", action="store_true")
    for flag in ("--load", "--pull", "--rm", "--force-rm"):
        parser.add_argument(flag, action="store_true")


def _login(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("registry")
    parser.add_argument("-u", "--username", required=True)
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("-p", "--password")
    given.add_argument("--password-stdin", action="store_true")


def _logout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("registry")


def _tag(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source")
    parser.add_argument("target")


def _one_image(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image")
    parser.add_argument("-q", "--quiet", action="store_true")


def _push(parser: argparse.ArgumentParser) -> None:
    _one_image(parser)
    parser.add_argument("-a", "--all-tags", action="store_true")


def _images(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("repository", nargs="?")
    parser.add_argument("-q", "--quiet", action="store_true")


def _inspect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("images", nargs="+")
    parser.add_argument("-f", "--format", default="")
    parser.add_argument("--type", choices=("image",))


def _remove(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("images", nargs="+")
    parser.add_argument("-f", "--force", action="store_true")


def _run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rm", action="store_true")
    # There is no terminal and no second container, so these options change nothing.
    parser.add_argument("-i", "--interactive", action="store_true")
    parser.add_argument("-t", "--tty", action="store_true")
    parser.add_argument("--init", action="store_true")
    parser.add_argument("--name", default=None)
    parser.add_argument("--pull", choices=("missing", "never"), default="missing")
    parser.add_argument("-w", "--workdir", default=None, type=_absolute)
    parser.add_argument("--hostname", "-h", default="container")
    parser.add_argument("-m", "--memory", default=None, type=_bytes)
    parser.add_argument("--cpus", default=None, type=_cpus)
    parser.add_argument("-e", "--env", action="append", default=[], dest="environment")
    parser.add_argument("--entrypoint", default=None)
    parser.add_argument("--network", choices=("none", "bridge", "host"), default="bridge")
    parser.add_argument("--platform", default=None, type=_platform)
    parser.add_argument("image")
    parser.add_argument("words", nargs=argparse.REMAINDER)


def _prune(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-f", "--force", action="store_true")
    parser.add_argument("-a", "--all", action="store_true")


def _containers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-a", "--all", action="store_true")
    parser.add_argument("-q", "--quiet", action="store_true")


def _absolute(text: str) -> str:
    """Checks that a working directory is absolute, as Docker does."""
    if not text.startswith("/"):
        raise argparse.ArgumentTypeError(f"got {text}, expected an absolute path, as /opt/program")
    return text


def _bytes(text: str) -> int:
    """Returns the number of bytes of a size, such as `512m`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(?:(b)|([kmg])b?)?", text.lower())
    if match is None:
        raise argparse.ArgumentTypeError(f"got {text}, expected a size, such as 512m or 2g")
    return int(float(match[1]) * 1024 ** " kmg".index(match[3] or " "))


def _cpus(text: str) -> float:
    """Returns a number of CPUs."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if number <= 0:
        raise argparse.ArgumentTypeError(f"got {text}, expected a number of CPUs, such as 1.5")
    return number


def _nothing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-f", "--format", default=None)


_COMMANDS = {
    "build": _build,
    "images": _images,
    "info": _nothing,
    "inspect": _inspect,
    "login": _login,
    "logout": _logout,
    "prune": _prune,
    "ps": _containers,
    "pull": _one_image,
    "push": _push,
    "rmi": _remove,
    "run": _run,
    "tag": _tag,
    "version": _nothing,
}
