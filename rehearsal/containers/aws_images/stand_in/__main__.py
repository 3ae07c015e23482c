"""The entry point: `python -m stand_in FRAMEWORK train|serve`."""

import importlib
import sys

from . import serving, training


def main() -> None:
    """Runs `train` or `serve` with the algorithm or the user's code."""
    framework, *words = sys.argv[1:]
    command = words[0] if words else ""
    if command not in ("train", "serve"):
        sys.exit(f"got {command or 'no command'}, expected train or serve")
    algorithm = importlib.import_module(f"{__package__}.{framework}")
    if command == "serve":
        getattr(algorithm, "serve", lambda: serving.run(algorithm))()
    else:
        training.run(algorithm)


if __name__ == "__main__":
    main()
