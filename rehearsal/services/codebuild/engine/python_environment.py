"""The Python environment into which the `pip install` of a build installs.

Each build has a new one, an overlay or else a copy of a template, because downloading pip takes
longer. No command of a build has run when the template is made, and none can write it, so that a
build cannot change that of another one.
"""

from __future__ import annotations

import functools
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from rehearsal.containers.container import Container
from rehearsal.containers.image import Image
from rehearsal.containers.images.overlay import Overlay, is_valid_option, overlays_work
from rehearsal.containers.interpreter import Interpreter
from rehearsal.containers.mounts import Mount, Mountable
from rehearsal.containers.registries import Registries
from rehearsal.containers.sandbox_files import remove
from rehearsal.containers.specification import Network
from rehearsal.services.codebuild.engine.runtimes import Runtimes
from rehearsal.services.codebuild.engine.workspace import PYTHON_HOME, VOLUME, BuildWorkspace


class PythonEnvironmentError(Exception):
    """The environment could not be created; the text is the last line of its output."""


_templates: dict[Path, Path] = {}
_lock = threading.Lock()


def python_environment(
    runtimes: Runtimes,
    workspace: BuildWorkspace,
    *,
    tools: Sequence[Mountable],
    registries: Registries,
) -> list[Mountable]:
    """Creates a new environment of the build's Python; returns its mounts.

    Args:
        runtimes: the runtimes of the build.
        workspace: the folders of the build.
        tools: the mounts of the tools of this machine.
        registries: the package registries of this machine.

    Raises:
        PythonEnvironmentError: the environment could not be created.
    """
    with _lock:
        template = _templates.get(runtimes.python.executable)
        if template is None or not template.exists():
            template = _create(runtimes, tools, registries)
            _templates[runtimes.python.executable] = template
        overlay = Overlay("python", template, workspace.directory / "python", VOLUME)
        paths = (template, overlay.directory)
        if all(map(is_valid_option, paths)) and _supports_overlays(runtimes.python):
            overlay.prepare()
            return [overlay]
    target = workspace.data / "python"
    command = ["cp", "-a", "--reflink=auto", "--", f"{template}/.", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PythonEnvironmentError(done.stderr.strip())
    return []


@functools.cache
def _supports_overlays(python: Interpreter) -> bool:
    directory = Path(tempfile.mkdtemp(prefix="overlay-"))
    try:
        return overlays_work(directory, Image(digest="", interpreter=python))
    finally:
        remove(directory)


def _create(runtimes: Runtimes, mounts: Sequence[Mountable], registries: Registries) -> Path:
    template = Path(tempfile.mkdtemp(prefix="python-environment-"))
    container = Container(
        Image(digest="", interpreter=runtimes.python),
        entrypoint=["/bin/sh", "-c", runtimes.setup_command()],
        environment=registries.variables,
        mounts=[*mounts, Mount(template, PYTHON_HOME, writable=True)],
        network=Network.INTERNET,
        outside=registries.outside,
    )
    container.start()
    if container.wait() != 0:
        raise PythonEnvironmentError(" ".join(container.last_lines[-1:]))
    return template
