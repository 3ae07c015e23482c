"""The shell in which the commands of a build run, one after the other.

A command sees the exported variables and the working directory of the previous one, as in AWS with
build specification 0.2. A command that ends the shell (`exit 1`) does not end the build: the next
one gets a new shell with the exported variables and the working directory of the old one.
"""

from __future__ import annotations

import os
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from rehearsal.containers.container import Container
from rehearsal.containers.image import Image
from rehearsal.containers.limits import Limits
from rehearsal.containers.mounts import Mountable
from rehearsal.containers.registries import Outside
from rehearsal.containers.sandbox_files import OutsideError, read_beneath
from rehearsal.containers.specification import Network
from rehearsal.services.codebuild.engine.workspace import CONTROL, BuildWorkspace

_POLL = 0.5
_GRACE = 2.0
_SHELLS = {"sh": ("bash", "--posix"), "bash": ("bash",)}  # sh is bash on Amazon Linux
# Descriptor 8 is the output, even if a command redirects its own; descriptor 9 has the commands.
_DRIVER = """
exec 8>&1
codebuild_ended() {
  export -p > /codebuild/control/variables
  pwd > /codebuild/control/folder
  printf '\\n%s ended %s\\n' {mark} "$1" >&8
}
trap 'codebuild_ended $?' EXIT
if [ -f /codebuild/control/variables ]; then
  . /codebuild/control/variables
  cd "$(cat /codebuild/control/folder)"
fi
exec 9< /codebuild/control/commands
while IFS= read -r codebuild_script <&9; do
  . "$codebuild_script"
  printf '\\n%s done %s\\n' {mark} "$?" >&8
done
"""


class BuildStoppedError(Exception):
    """StopBuild was called."""


class BuildTimedOutError(Exception):
    """The build ran longer than its timeout."""


class BuildShell:
    """Runs commands in a container of the build.

    Args:
        workspace: the folders of the build.
        image: the image of the container.
        shell: `sh` or `bash`.
        environment: the environment variables.
        mounts: the mounts of the container.
        outside: the network of the container beside AWS.
        limits: the limits of the compute type.
        on_line: called with each line of output.
        stopped: ends a command with BuildStoppedError when it is set.
        deadline: the time of `time.monotonic()` after which a command ends with BuildTimedOutError.
    """

    def __init__(
        self,
        workspace: BuildWorkspace,
        *,
        image: Image,
        shell: str,
        environment: Mapping[str, str],
        mounts: Sequence[Mountable],
        outside: Outside,
        limits: Limits,
        on_line: Callable[[str], None],
        stopped: threading.Event,
        deadline: float,
    ) -> None:
        self._workspace = workspace
        self._image = image
        self._shell = shell
        self._environment = environment
        self._mounts = mounts
        self._outside = outside
        self._limits = limits
        self._on_line = on_line
        self._stopped = stopped
        self._deadline = deadline
        self._mark = f"codebuild-{secrets.token_hex(16)}"
        self._results: queue.SimpleQueue[tuple[bool, int]] = queue.SimpleQueue()
        self._held: str | None = None
        self._container: Container | None = None
        self._ended: Container | None = None
        self._commands = -1
        self._count = 0

    def run(self, command: str) -> int:
        """Runs a command to its end and returns its exit status."""
        container = self._running()
        self._count += 1
        name = f"script-{self._count}.sh"
        self._write(name, command + "\n")
        os.write(self._commands, f"{CONTROL}/{name}\n".encode())
        ended, status = self._wait(container)
        if ended:
            container.wait(_GRACE)
            self._forget()
        return status

    def variables(self, names: Sequence[str]) -> dict[str, str]:
        """Returns the exported variables among `names`."""
        if self.run(f'env -0 > "{CONTROL}/exported"') != 0:
            return {}
        text = self.output("exported")
        found = dict(item.partition("=")[::2] for item in text.split("\0") if "=" in item)
        return {name: found[name] for name in names if name in found}

    def output(self, name: str) -> str:
        """Returns the text that a command wrote to a file of /codebuild/control, "" if none."""
        try:
            content = read_beneath(self._workspace.control, self._workspace.control / name)
        except (OSError, OutsideError):
            return ""
        return content.decode(errors="replace")

    def taken_limit(self) -> str:
        """Returns in words the limit for which processes of the build were killed, "" if none."""
        container = self._container or self._ended
        if container is None or container.exceeded is None:
            return ""
        return container.limits.message(container.exceeded)

    def close(self) -> None:
        """Stops the shell and all processes that it started."""
        if self._container is not None:
            self._container.stop(_GRACE)
            self._forget()

    def _write(self, name: str, content: str) -> None:
        """Writes a new file; what the build has put in its place is removed, and not followed."""
        path = self._workspace.control / name
        path.unlink(missing_ok=True)
        with open(path, "x") as file:  # noqa: PTH123  # exclusive: it follows no link
            file.write(content)

    def _running(self) -> Container:
        if self._container is not None:
            return self._container
        commands = self._workspace.control / "commands"
        commands.unlink(missing_ok=True)
        os.mkfifo(commands)
        # Open for reading, too: a pipe without a reader cannot be opened for writing.
        self._commands = os.open(commands, os.O_RDWR | os.O_NOFOLLOW)
        self._write("driver.sh", _DRIVER.replace("{mark}", self._mark))
        self._container = Container(
            self._image,
            entrypoint=[*_SHELLS[self._shell], "/codebuild/control/driver.sh"],
            environment=self._environment,
            mounts=self._mounts,
            network=Network.INTERNET,
            outside=self._outside,
            limits=self._limits,
            host_name="codebuild",
            on_line=self._line,
        )
        self._container.start()
        return self._container

    def _forget(self) -> None:
        os.close(self._commands)
        self._ended, self._container, self._commands = self._container, None, -1

    def _wait(self, container: Container) -> tuple[bool, int]:
        while True:
            try:
                return self._results.get(timeout=_POLL)
            except queue.Empty:
                if self._stopped.is_set():
                    raise BuildStoppedError from None
                if time.monotonic() > self._deadline:
                    raise BuildTimedOutError from None
            if not container.running:
                # The reader may not have delivered the last lines yet.
                code = container.wait(_GRACE)
                try:
                    return self._results.get_nowait()
                except queue.Empty:
                    return True, code if code is not None else 1

    def _line(self, line: str) -> None:
        """Forwards output, without the driver's marks and the empty line before each."""
        held, self._held = self._held, None
        if line.startswith(self._mark):
            if held:
                self._on_line(held)
            _, kind, status = line.split(" ")
            self._results.put((kind == "ended", int(status)))
            return
        if held is not None:
            self._on_line(held)
        if line == "":
            self._held = line
        else:
            self._on_line(line)
