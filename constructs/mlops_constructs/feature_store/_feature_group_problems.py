"""Validation of feature groups."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import aws_iam as iam

from mlops_constructs._problems import is_known

from .feature_schema import FeatureSchema
from .offline_store import OfflineStore
from .online_store import OnlineStore
from .schema_lock import SchemaLock, lock_command
from .throughput import Throughput

_NAME = re.compile(r"[a-zA-Z0-9]([_-]*[a-zA-Z0-9]){0,63}")
MAX_NAME_LENGTH = 64
_MAX_DESCRIPTION_LENGTH = 128


def name_problems(name: str | None) -> list[str]:
    """Validates a name; returns one message per problem."""
    if name is None or not is_known(name):
        return []
    if len(name) <= MAX_NAME_LENGTH and _NAME.fullmatch(name):
        return []
    return [
        f"feature_group_name: got {name!r} ({len(name)} characters); allowed are 1 to 64 letters, "
        "digits, hyphens and underscores, with a letter or digit first and last"
    ]


def text_problems(description: str | None) -> list[str]:
    """Validates a description; returns one message per problem."""
    if description is None or not is_known(description):
        return []
    if len(description) <= _MAX_DESCRIPTION_LENGTH:
        return []
    return [
        f"description: got {len(description)} characters; allowed are at most "
        f"{_MAX_DESCRIPTION_LENGTH}"
    ]


def store_problems(
    schema: FeatureSchema,
    online: OnlineStore | None,
    offline: OfflineStore | None,
    throughput: Throughput | None,
    role: iam.IRole | None,
) -> list[str]:
    """Validates the stores with the schema; returns one message per problem."""
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
                f"{kind}; AWS supports only String (ISO 8601) with Iceberg: change the type, or "
                "use OfflineStore.glue"
            )
    if online and throughput and online.storage_type == "InMemory" and throughput.is_provisioned:
        found.append(
            "throughput: got provisioned with the in-memory online store; AWS supports it with "
            "the standard store and without an online store: use Throughput.on_demand()"
        )
    if role is not None and offline is None:
        found.append(
            "role: got a role without an offline store, the only store that SageMaker needs it "
            "for; remove it"
        )
    return found


def sharing_problems(accounts: Sequence[str], online: OnlineStore | None) -> list[str]:
    """Validates the accounts of a share; returns one message per problem."""
    found = [
        f"accounts: got {account!r}; allowed is an account id of 12 digits"
        for account in accounts
        if is_known(account) and not (account.isdecimal() and len(account) == 12)
    ]
    if not accounts:
        found.append("accounts: got none; give at least one account id")
    if online is None:
        found.append(
            "online: got a group without an online store, which other accounts read; share the "
            "bucket and the table of the offline store instead"
        )
    elif online.encryption_key is None:
        found.append(
            "online: got a store with an AWS owned key, which other accounts cannot use; give it "
            "encryption_key"
        )
    return found


def lock_problems(
    schema: FeatureSchema, path: str | Path | None, settings: Mapping[str, str]
) -> list[str]:
    """Validates schema and settings against a lock; returns one message per violation."""
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
