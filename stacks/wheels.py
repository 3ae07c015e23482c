"""Wheels of this repository that each project's code contains."""

import contextlib
import io
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent
DIRECTORY = ROOT / "build" / "wheels"


def build_library_wheel(directory: Path = DIRECTORY) -> Path:
    """Builds the wheel of `mlops_constructs`, for deployment code, and returns its path.

    Args:
        directory: directory of the wheel. Defaults to `build/wheels` of this repository.
    """
    return _build(ROOT, directory)


def build_jobs_wheel(directory: Path = DIRECTORY) -> Path:
    """Builds the wheel of `mlops_jobs`, for images of jobs, and returns its path.

    Args:
        directory: directory of the wheel. Defaults to `build/wheels` of this repository.
    """
    return _build(ROOT / "jobs", directory)


def _build(project: Path, directory: Path) -> Path:
    """Builds the wheel of a project.

    The build backend runs in this process, without an environment or network access. hatchling
    gives every member the same timestamp, so equal sources result in equal bytes, and the seed of a
    project only changes with the wheel.
    """
    directory.mkdir(parents=True, exist_ok=True)
    builder = WheelBuilder(str(project))
    # The backend writes to standard output, which the CDK CLI reads.
    with contextlib.redirect_stdout(io.StringIO()):
        wheels = list(builder.build(directory=str(directory), versions=["standard"]))
    return Path(wheels[0])
