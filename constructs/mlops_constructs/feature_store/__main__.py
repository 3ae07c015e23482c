"""Writes the lock of a feature group's schema.

    python -m mlops_constructs.feature_store lock features/customers.yaml customers.lock.json
    python -m mlops_constructs.feature_store lock my_app.schemas:CUSTOMERS customers.lock.json

Exit codes: 0 written, 1 refused with the reason, 2 the arguments are wrong.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from .feature_schema import FeatureSchema
from .schema_lock import SchemaLock


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; the answer is the exit code."""
    options = _parser().parse_args(arguments)
    try:
        lock = SchemaLock.of(_schema(options.schema), dict(options.setting))
        _refuse_what_aws_cannot_change(options.lock, options.schema)
        lock.write(options.lock)
    except (OSError, ValueError) as refusal:
        print(refusal, file=sys.stderr)  # noqa: T201  # for the person at the terminal
        return 1
    print(f"{options.lock} locks {len(lock.features)} features.")  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mlops_constructs.feature_store",
        description="Locks the schema of a feature group against what would replace the group.",
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
        help="a setting that replaces the group; the refusal at synth says which",
    )
    return parser


def lock_help() -> str:
    """What the command does, for its help."""
    return (
        "Writes what the schema and the settings are now. Features that the lock has already "
        "cannot vanish or change: delete the file first to lock a new group."
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
        raise ValueError("\n".join([f"{source} is no valid schema:", *problems]))
    return schema


def _refuse_what_aws_cannot_change(path: Path, source: str) -> None:
    try:
        locked = SchemaLock.read(path)
    except FileNotFoundError:
        return
    if violations := locked.schema_violations(_schema(source)):
        raise ValueError(
            "\n".join([f"{path} stays as it is; delete it to lock a new group:", *violations])
        )


if __name__ == "__main__":
    # Modules beside the app are importable, as they are for `python app.py`.
    sys.path.insert(0, str(Path.cwd()))
    sys.exit(main())
