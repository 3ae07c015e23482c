"""The wheel of `mlops_constructs` that travels with the deployment code of each project."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent
DIRECTORY = ROOT / "build" / "wheels"


def build_library_wheel(directory: Path = DIRECTORY) -> Path:
    """Builds the wheel and returns its path.

    The build backend runs in this process: no environment, no network. hatchling gives every
    member the same time, so that equal sources make equal bytes, and projects a seed that changes
    only when the library does.

    Args:
        directory: where the wheel goes. Default: `build/wheels` of this repository.
    """
    directory.mkdir(parents=True, exist_ok=True)
    builder = WheelBuilder(str(ROOT))
    # The backend reports to standard output, which is the CDK CLI's.
    with contextlib.redirect_stdout(io.StringIO()):
        wheels = list(builder.build(directory=str(directory), versions=["standard"]))
    return Path(wheels[0])
