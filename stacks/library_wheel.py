"""Wheel of `mlops_constructs` in the deployment code of each project."""

import contextlib
import io
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent
DIRECTORY = ROOT / "build" / "wheels"


def build_library_wheel(directory: Path = DIRECTORY) -> Path:
    """Builds the wheel and returns its path.

    The build backend runs in this process, without an environment or network access. hatchling
    gives every member the same timestamp, so equal sources result in equal bytes, and the seed of a
    project only changes with the library.

    Args:
        directory: directory of the wheel. Defaults to `build/wheels` of this repository.
    """
    directory.mkdir(parents=True, exist_ok=True)
    builder = WheelBuilder(str(ROOT))
    # The backend writes to standard output, which the CDK CLI reads.
    with contextlib.redirect_stdout(io.StringIO()):
        wheels = list(builder.build(directory=str(directory), versions=["standard"]))
    return Path(wheels[0])
