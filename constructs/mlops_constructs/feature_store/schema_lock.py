"""The lock of a feature group: what AWS could only change by replacing the group."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .feature_schema import FeatureSchema

_COMMAND = "python -m mlops_constructs.feature_store lock"
_NEW_GROUP = (
    "put it back, or define a new FeatureGroup with a lock of its own and fill it from the old "
    "one's offline store"
)


@dataclass(frozen=True, kw_only=True)
class SchemaLock:
    """What was deployed: the features, and the settings whose change replaces a group.

    It is a JSON file beside the app, committed with it, and written by

        python -m mlops_constructs.feature_store lock SCHEMA LOCK --setting NAME=VALUE ...

    A refusal at synth says the whole command. A feature that is added is no violation: the lock
    stays valid, and guards the new feature too once it is written anew. A setting that the file
    does not name is not judged, which lets groups of several environments share one lock.

    Source: "Update requires" in CloudFormation's reference of AWS::SageMaker::FeatureGroup, and
    UpdateFeatureGroup: features can be added, never removed, renamed or changed.
    """

    record_identifier: str
    event_time: str
    features: Mapping[str, str]
    settings: Mapping[str, str]

    @staticmethod
    def of(schema: FeatureSchema, settings: Mapping[str, str]) -> "SchemaLock":
        """The lock of a schema as it is now.

        SchemaLock.of(schema, {"online": "Standard"}).write("customers.lock.json")
        """
        return SchemaLock(
            record_identifier=schema.record_identifier,
            event_time=schema.event_time,
            features=schema.types(),
            settings=settings,
        )

    @staticmethod
    def read(path: str | Path) -> "SchemaLock":
        """The lock in a file.

        Raises:
            FileNotFoundError: where there is no file.
            ValueError: where it is no lock.

        SchemaLock.read("customers.lock.json")
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
                f"{path}: is no lock of a feature group ({type(error).__name__}: {error}); take it "
                f"from version control, or write it with `{_COMMAND}`"
            ) from None
        return lock

    def write(self, path: str | Path) -> None:
        """Writes the file; the same lock gives the same bytes.

        SchemaLock.of(schema, {}).write("customers.lock.json")
        """
        content = {
            "record_identifier": self.record_identifier,
            "event_time": self.event_time,
            "features": dict(sorted(self.features.items())),
            "settings": dict(sorted(self.settings.items())),
        }
        Path(path).write_text(json.dumps(content, indent=2) + "\n")

    def schema_violations(self, schema: FeatureSchema) -> list[str]:
        """What a schema changes that AWS cannot change."""
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
        """Which settings would replace the group; what only one side names is not judged."""
        both = settings.keys() & self.settings.keys()
        return _changed({name: (settings[name], self.settings[name]) for name in sorted(both)})


def lock_command(schema: FeatureSchema, path: str | Path, settings: Mapping[str, str]) -> str:
    """The command that writes a lock; a schema from code is named as `module:NAME`."""
    source = schema.origin or "MODULE:SCHEMA"
    words = [shlex.quote(_from_here(word)) for word in (source, path)]
    words += [f"--setting {shlex.quote(f'{name}={text}')}" for name, text in settings.items()]
    return " ".join([_COMMAND, *words])


def _from_here(path: str | Path) -> str:
    """A path as a person in the app's folder would type it."""
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
        raise TypeError("features and settings have to be objects of text")
    return value
