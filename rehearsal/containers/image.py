"""Container images."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.containers.interpreter import Interpreter
from rehearsal.containers.mounts import Link, Mount, Mountable


@dataclass(frozen=True, kw_only=True)
class Image:
    """The result of a Dockerfile: the entries of /opt and the settings of `docker inspect`.

    Each entry of /opt is a folder or file of a layer. `digest` identifies the image.
    """

    digest: str
    interpreter: Interpreter
    opt: dict[str, Path] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    working_directory: str = "/"
    labels: dict[str, str] = field(default_factory=dict)
    exposed_ports: tuple[str, ...] = ()
    configuration: str = ""
    """The configuration in a registry, as JSON; `digest` is its hash."""

    def mounts(self) -> list[Mountable]:
        """Returns the mounts of the layers, read-only at /opt; links stay links."""
        found: list[Mountable] = []
        for name, path in sorted(self.opt.items()):
            if path.is_symlink():
                found.append(Link(str(path.readlink()), f"/opt/{name}"))
            else:
                found.append(Mount(path, f"/opt/{name}"))
        return found

    def to_json(self) -> str:
        """Returns the image as JSON text."""
        return json.dumps(asdict(self), default=str, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Image:
        """Returns the image of a JSON text."""
        data: dict[str, Any] = json.loads(text)
        interpreter = data.pop("interpreter")
        return cls(
            interpreter=Interpreter(
                Path(interpreter["executable"]),
                tuple(Path(prefix) for prefix in interpreter["prefixes"]),
                interpreter["version"],
            ),
            opt={name: Path(path) for name, path in data.pop("opt").items()},
            entrypoint=tuple(data.pop("entrypoint")),
            command=tuple(data.pop("command")),
            exposed_ports=tuple(data.pop("exposed_ports")),
            **data,
        )
