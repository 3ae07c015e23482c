"""The output of `docker inspect`: an image as JSON, or a value of it by a template."""

import json
import re
from collections.abc import Sequence
from typing import Any

from rehearsal.containers.docker.command_line import ARCHITECTURE, DockerError
from rehearsal.containers.image import Image

# {{.Id}}, {{json .Config}} and {{index .RepoDigests 0}}, which build scripts use.
_TEMPLATE = re.compile(
    r"\{\{-?\s*(?:(?P<json>json)\s+|(?P<index>index)\s+)?\.(?P<path>\w*(?:\.\w+)*)"
    r"(?:\s+(?P<place>\d+))?\s*-?\}\}"
)


def inspected(image: Image, names: Sequence[str], digests: Sequence[str]) -> dict[str, Any]:
    """Returns an image as `docker inspect` describes it.

    Args:
        image: the image.
        names: its names with tags.
        digests: its names in registries with the digests of their manifests.
    """
    return {
        "Id": image.digest,
        "RepoTags": sorted(names),
        "RepoDigests": sorted(digests),
        "Architecture": ARCHITECTURE,
        "Os": "linux",
        "Config": json.loads(image.configuration)["config"],
    }


def formatted(template: str, description: dict[str, Any]) -> str:
    """Returns the value that a template names.

    Raises:
        DockerError: the template is not supported, or the image has no such value.
    """
    match = _TEMPLATE.fullmatch(template.strip())
    if match is None or bool(match["index"]) != bool(match["place"]):
        raise DockerError(
            f"docker inspect: got the format {template!r}; the rehearsal supports {{{{.Member}}}}, "
            "{{json .Member}} and {{index .RepoDigests 0}}."
        )
    value: Any = description
    for member in filter(None, match["path"].split(".")):
        if not isinstance(value, dict) or member not in value:
            raise DockerError(f"template parsing error: can't evaluate field {member}")
        value = value[member]
    if match["index"]:
        place = int(match["place"])
        if not isinstance(value, list) or place >= len(value):
            raise DockerError(f"template parsing error: index out of range: {place}")
        value = value[place]
    if match["json"]:
        return json.dumps(value)
    if isinstance(value, list):
        return f"[{' '.join(map(str, value))}]"
    return str(value)
