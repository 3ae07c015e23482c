"""Writes the lock of a feature group's schema.

```bash
python -m mlops_constructs.feature_store lock features/customers.yaml customers.lock.json
python -m mlops_constructs.feature_store lock my_app.schemas:CUSTOMERS customers.lock.json
```

Exit codes: 0 written, 1 rejected with the reason, 2 invalid arguments.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from .feature_schema import FeatureSchema
from .schema_lock import SchemaLock


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit code.

    Args:
        arguments: arguments of the command line. Defaults to None: those of the process.
    """
    options = _parser().parse_args(arguments)
    try:
        lock = SchemaLock.of(_schema(options.schema), dict(options.setting))
        _reject_immutable_changes(options.lock, options.schema)
        lock.write(options.lock)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201  # a command line tool
        return 1
    print(f"{options.lock} locks {len(lock.features)} features.")  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mlops_constructs.feature_store",
        description="Locks the schema of a feature group against changes that replace the group.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    lock = commands.add_parser("lock", help="write or extend a lock", description=lock_help())
    lock.add_argument("schema", help="a YAML file, or module:NAME of a FeatureSchema in code")
    lock.add_argument("lock", type=Path, help="the JSON file to write")
    lock.add_argument(
        "--setting",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=VALUE",
        help="a setting whose change replaces the group; the error at synth lists them",
    )
    return parser


def lock_help() -> str:
    """Returns the description of the command for its help."""
    return (
        "Writes the current schema and settings. Features that are locked already cannot be "
        "removed or changed: delete the file first to lock a new group."
    )


def _setting(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator and value):
        raise argparse.ArgumentTypeError(f"got {text!r}; allowed is NAME=VALUE")
    return name, value


def _schema(source: str) -> FeatureSchema:
    module_name, separator, name = source.partition(":")
    if not separator:
        schema = FeatureSchema.from_yaml(source)
    else:
        try:
            schema = getattr(importlib.import_module(module_name), name)
        except (ImportError, AttributeError) as error:
            raise ValueError(f"{source}: {error}; give module:NAME of a FeatureSchema") from None
        if not isinstance(schema, FeatureSchema):
            raise ValueError(f"{source}: got a {type(schema).__name__}; give a FeatureSchema")
    if problems := schema.problems():
        raise ValueError("\n".join([f"{source} is not a valid schema:", *problems]))
    return schema


def _reject_immutable_changes(path: Path, source: str) -> None:
    try:
        locked = SchemaLock.read(path)
    except FileNotFoundError:
        return
    if violations := locked.schema_violations(_schema(source)):
        raise ValueError(
            "\n".join([f"{path} is unchanged; delete it to lock a new group:", *violations])
        )


if __name__ == "__main__":
    # Modules beside the app are importable, as they are for `python app.py`.
    sys.path.insert(0, str(Path.cwd()))
    sys.exit(main())
