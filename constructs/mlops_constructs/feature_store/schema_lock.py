"""Locks of feature groups against changes that replace the group."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .feature_schema import FeatureSchema

_COMMAND = "python -m mlops_constructs.feature_store lock"
_NEW_GROUP = (
    "revert the change, or define a new FeatureGroup with a separate lock and backfill it from the "
    "offline store of the old one"
)


@dataclass(frozen=True, kw_only=True)
class SchemaLock:
    """The deployed features, and the settings whose change replaces the group.

    The lock is a JSON file in the app's repository. Create or extend it with

    ```bash
    python -m mlops_constructs.feature_store lock SCHEMA LOCK --setting NAME=VALUE ...
    ```

    The error at synth contains the whole command. A new feature is no violation: the lock remains
    valid, and protects the new feature, too, once it is written again. A setting that the file does
    not contain is not checked, so that groups of several environments can share one lock.

    Args:
        record_identifier: name of the feature that identifies a record.
        event_time: name of the feature with the event time.
        features: type of each feature by its name.
        settings: value of each setting by its name.

    Source: "Update requires" in CloudFormation's reference of AWS::SageMaker::FeatureGroup, and
    UpdateFeatureGroup: features can be added, not removed, renamed or changed.
    """

    record_identifier: str
    event_time: str
    features: Mapping[str, str]
    settings: Mapping[str, str]

    @staticmethod
    def of(schema: FeatureSchema, settings: Mapping[str, str]) -> "SchemaLock":
        """Returns the lock of a schema.

        Args:
            schema: schema of the group.
            settings: settings whose change replaces the group.

        Example:
            ```python
            schema = FeatureSchema(
                features=[Feature.string("id"), Feature.string("at")],
                record_identifier="id",
                event_time="at",
            )
            SchemaLock.of(schema, {"online": "Standard"})
            ```
        """
        return SchemaLock(
            record_identifier=schema.record_identifier,
            event_time=schema.event_time,
            features=schema.types(),
            settings=settings,
        )

    @staticmethod
    def read(path: str | Path) -> "SchemaLock":
        """Reads a lock from a file, such as `SchemaLock.read("customers.lock.json")`.

        Args:
            path: path of the file.

        Raises:
            FileNotFoundError: if the file does not exist.
            ValueError: if the file is not a valid lock.
        """
        try:
            content = json.loads(Path(path).read_text())
            lock = SchemaLock(
                record_identifier=str(content["record_identifier"]),
                event_time=str(content["event_time"]),
                features=_texts(content["features"]),
                settings=_texts(content.get("settings", {})),
            )
        except FileNotFoundError:
            raise
        except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path}: is not a valid lock ({type(error).__name__}: {error}); restore it from "
                f"version control, or write it with `{_COMMAND}`"
            ) from None
        return lock

    def write(self, path: str | Path) -> None:
        """Writes the lock to a file; the same lock always gives the same bytes.

        Args:
            path: path of the file.
        """
        content = {
            "record_identifier": self.record_identifier,
            "event_time": self.event_time,
            "features": dict(sorted(self.features.items())),
            "settings": dict(sorted(self.settings.items())),
        }
        Path(path).write_text(json.dumps(content, indent=2) + "\n")

    def schema_violations(self, schema: FeatureSchema) -> list[str]:
        """Returns one message per change of the schema that AWS does not support.

        Args:
            schema: current schema.
        """
        now = schema.types()
        found = []
        for name, kind in self.features.items():
            if name not in now:
                found.append(
                    f"feature {name!r}: got none, locked as {kind}; AWS cannot remove or rename a "
                    f"feature: {_NEW_GROUP}"
                )
            elif now[name] != kind:
                found.append(
                    f"feature {name!r}: got {now[name]}, locked as {kind}; AWS cannot change a "
                    f"type: add a feature of another name, or {_NEW_GROUP}"
                )
        roles = {
            "record_identifier": (schema.record_identifier, self.record_identifier),
            "event_time": (schema.event_time, self.event_time),
        }
        return found + _changed(roles)

    def setting_violations(self, settings: Mapping[str, str]) -> list[str]:
        """Returns one message per setting whose change would replace the group.

        Args:
            settings: current settings; only those that the lock contains are checked.
        """
        both = settings.keys() & self.settings.keys()
        return _changed({name: (settings[name], self.settings[name]) for name in sorted(both)})


def lock_command(schema: FeatureSchema, path: str | Path, settings: Mapping[str, str]) -> str:
    """Returns the command that writes a lock; a schema in code is `module:NAME`."""
    source = schema.origin or "MODULE:SCHEMA"
    words = [shlex.quote(_from_here(word)) for word in (source, path)]
    words += [f"--setting {shlex.quote(f'{name}={text}')}" for name, text in settings.items()]
    return " ".join([_COMMAND, *words])


def _from_here(path: str | Path) -> str:
    """Returns a path relative to the app's folder, as in a shell."""
    here, given = Path.cwd(), Path(path)
    return str(given.relative_to(here) if given.is_relative_to(here) else given)


def _changed(pairs: Mapping[str, tuple[str, str]]) -> list[str]:
    return [
        f"{name}: got {now}, locked is {locked}; the change replaces the group: {_NEW_GROUP}"
        for name, (now, locked) in pairs.items()
        if now != locked
    ]


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise TypeError("features and settings must be objects with text values")
    return value
