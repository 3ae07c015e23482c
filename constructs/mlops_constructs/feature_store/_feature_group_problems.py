"""What AWS would refuse of a feature group, and what its lock forbids."""

import re
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import aws_iam as iam

from mlops_constructs._problems import is_known

from .feature_schema import FeatureSchema
from .offline_store import OfflineStore
from .online_store import OnlineStore
from .schema_lock import SchemaLock, lock_command
from .throughput import Throughput

_NAME = re.compile(r"[a-zA-Z0-9]([_-]*[a-zA-Z0-9]){0,63}")
LONGEST_NAME = 64
_LONGEST_DESCRIPTION = 128


def name_problems(name: str | None) -> list[str]:
    if name is None or not is_known(name):
        return []
    if len(name) <= LONGEST_NAME and _NAME.fullmatch(name):
        return []
    return [
        f"feature_group_name: got {name!r} ({len(name)} characters); allowed are 1 to 64 letters, "
        "digits, hyphens and underscores, with a letter or digit first and last"
    ]


def text_problems(description: str | None) -> list[str]:
    if description is None or not is_known(description):
        return []
    if len(description) <= _LONGEST_DESCRIPTION:
        return []
    return [
        f"description: got {len(description)} characters; allowed are at most "
        f"{_LONGEST_DESCRIPTION}"
    ]


def store_problems(
    schema: FeatureSchema,
    online: OnlineStore | None,
    offline: OfflineStore | None,
    throughput: Throughput | None,
    role: iam.IRole | None,
) -> list[str]:
    found = schema.problems()
    for part in (online, offline, throughput):
        found += part.problems() if part is not None else []
    if online is None and offline is None:
        found.append("stores: got neither online nor offline; AWS needs one of them, or both")
    if offline and offline.table_format == "Iceberg":
        kind = schema.types().get(schema.event_time)
        if kind == "Fractional":
            found.append(
                f"offline store: got Iceberg with an event time {schema.event_time!r} of type "
                f"{kind}; AWS takes String (ISO 8601) alone for it: change the type, or use "
                "OfflineStore.glue"
            )
    if online and throughput and online.storage_type == "InMemory" and throughput.is_provisioned:
        found.append(
            "throughput: got provisioned with the in-memory online store; AWS offers it for the "
            "standard store and for groups without one: use Throughput.on_demand()"
        )
    if role is not None and offline is None:
        found.append(
            "role: got one without an offline store, which is all that SageMaker uses it for; "
            "leave it out"
        )
    return found


def lock_problems(
    schema: FeatureSchema, path: str | Path | None, settings: Mapping[str, str]
) -> list[str]:
    if path is None:
        return []
    command = lock_command(schema, path, settings)
    try:
        lock = SchemaLock.read(path)
    except FileNotFoundError:
        return [f"schema_lock: got {path}, which does not exist; write it with\n    {command}"]
    except ValueError as error:
        return [f"schema_lock: {error}"]
    found = lock.schema_violations(schema) + lock.setting_violations(settings)
    return [f"schema_lock {path}: {violation}" for violation in found]
