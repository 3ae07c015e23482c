"""The lock of a schema: rejected and allowed changes, and the command that writes it."""

import re
import shlex
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs.feature_store import (
    Feature,
    FeatureGroup,
    FeatureSchema,
    OfflineStore,
    OnlineStore,
    SchemaLock,
)
from mlops_constructs.feature_store.__main__ import main

from .conftest import GROUP, properties, schema_of

ORDERS = Feature.integral("orders")
# What `module:NAME` of the command finds.
IN_CODE = schema_of(ORDERS)
NO_SCHEMA = 7


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "customers.lock.json"
    SchemaLock.of(schema_of(ORDERS), {}).write(path)
    return path


def test_complaint_7_a_feature_can_be_added_without_touching_the_lock(
    stack: cdk.Stack, lock: Path
) -> None:
    schema = schema_of(ORDERS, Feature.string("city"))

    FeatureGroup(stack, "G", schema=schema, online=OnlineStore.standard(), schema_lock=lock)

    assert len(properties(stack)["FeatureDefinitions"]) == 4


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        (schema_of(), "feature 'orders': got none, locked as Integral; AWS cannot remove or ren"),
        (
            schema_of(Feature.integral("order_count")),
            "feature 'orders': got none, locked as Integral; AWS cannot remove or rename",
        ),
        (
            schema_of(Feature.fractional("orders")),
            "feature 'orders': got Fractional, locked as Integral; AWS cannot change a type",
        ),
        (
            FeatureSchema(features=IN_CODE.features, record_identifier="orders", event_time="at"),
            "record_identifier: got orders, locked is id; the change replaces the group",
        ),
        (
            FeatureSchema(features=IN_CODE.features, record_identifier="id", event_time="id"),
            "event_time: got id, locked is at; the change replaces the group",
        ),
    ],
)
def test_complaint_7_a_change_that_would_lose_the_records_is_rejected(
    stack: cdk.Stack, lock: Path, schema: FeatureSchema, error: str
) -> None:
    with pytest.raises(ValueError, match=r"schema_lock .*customers\.lock\.json: ") as caught:
        FeatureGroup(stack, "G", schema=schema, online=OnlineStore.standard(), schema_lock=lock)

    assert error in str(caught.value)
    assert "define a new FeatureGroup with a separate lock" in str(caught.value)


def given(key: kms.IKey, bucket: s3.IBucket) -> dict[str, Any]:
    """Returns the arguments of the deployed group."""
    return {
        "online": OnlineStore.standard(encryption_key=key),
        "offline": OfflineStore.glue(bucket, prefix="features"),
        "description": "Customers",
        "tags": {"team": "churn"},
    }


def command_of(error: str) -> list[str]:
    """Returns the arguments of the command in an error message."""
    found = re.search(r"python -m mlops_constructs.feature_store (.*)", error)
    assert found
    return shlex.split(found[1])


def locked_as_told(stack: cdk.Stack, schema_file: Path, lock: Path, **options: Any) -> None:
    """Writes the lock of a group by the command of its error."""
    schema = FeatureSchema.from_yaml(schema_file)
    with pytest.raises(ValueError, match="which does not exist; write it with") as error:
        FeatureGroup(stack, "Group", schema=schema, schema_lock=lock, **options)
    assert main(command_of(str(error.value))) == 0
    stack.node.try_remove_child("Group")


@pytest.fixture
def schema_file(tmp_path: Path) -> Path:
    path = tmp_path / "customers.yaml"
    path.write_text("record_identifier: id\nevent_time: at\nfeatures: {id: string, at: string}\n")
    return path


def test_a_missing_lock_is_rejected_with_the_command_that_writes_it(
    stack: cdk.Stack, key: kms.IKey, bucket: s3.IBucket, schema_file: Path, tmp_path: Path
) -> None:
    lock = tmp_path / "with space.lock.json"

    locked_as_told(stack, schema_file, lock, **given(key, bucket))

    schema = FeatureSchema.from_yaml(schema_file)
    FeatureGroup(stack, "Group", schema=schema, schema_lock=lock, **given(key, bucket))
    assert set(SchemaLock.read(lock).settings) == {
        "description",
        "offline",
        "offline_storage",
        "offline_table",
        "online",
        "online_key",
        "role",
        "tags",
    }


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        (lambda bucket: {"online": OnlineStore.standard()}, "online_key: got aws, locked is "),
        (lambda bucket: {"online": None}, "online: got off, locked is Standard"),
        (
            lambda bucket: {"online": OnlineStore.in_memory()},
            "online: got InMemory, locked is Standard",
        ),
        (
            lambda bucket: {"offline": OfflineStore.iceberg(bucket, prefix="features")},
            "offline: got Iceberg, locked is Glue",
        ),
        (
            lambda bucket: {"offline": OfflineStore.glue(bucket, prefix="elsewhere")},
            "offline_storage: got ",
        ),
        (lambda bucket: {"description": "All customers"}, "description: got "),
        (lambda bucket: {"tags": {"team": "growth"}}, "tags: got "),
    ],
)
def test_complaint_7_a_setting_that_replaces_the_group_is_rejected(
    stack: cdk.Stack,
    key: kms.IKey,
    bucket: s3.IBucket,
    schema_file: Path,
    tmp_path: Path,
    change: Any,
    setting: str,
) -> None:
    lock = tmp_path / "customers.lock.json"
    locked_as_told(stack, schema_file, lock, **given(key, bucket))

    schema = FeatureSchema.from_yaml(schema_file)
    with pytest.raises(ValueError, match="schema_lock") as caught:
        FeatureGroup(
            stack,
            "Group",
            schema=schema,
            schema_lock=lock,
            **{**given(key, bucket), **change(bucket)},
        )
    assert setting in str(caught.value)
    assert "the change replaces the group" in str(caught.value)


def test_what_a_lock_watches_is_what_cloudformation_replaces() -> None:
    """The registry's schema lists the properties whose change replaces a group."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", GROUP).schema
    assert {path.split("/")[2] for path in schema["createOnlyProperties"]} == {
        "Description",
        "EventTimeFeatureName",
        "FeatureGroupName",
        "OfflineStoreConfig",
        "OnlineStoreConfig",
        "RecordIdentifierFeatureName",
        "RoleArn",
        "Tags",
    }
    assert "/properties/OnlineStoreConfig/TtlDuration" not in schema["createOnlyProperties"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"record_identifier": "id"}', "\xff"])
def test_a_file_that_is_no_lock_is_rejected(
    stack: cdk.Stack, schema: FeatureSchema, tmp_path: Path, text: str
) -> None:
    lock = tmp_path / "customers.lock.json"
    lock.write_bytes(text.encode("latin-1"))

    with pytest.raises(ValueError, match="is not a valid lock"):
        FeatureGroup(stack, "G", schema=schema, online=OnlineStore.standard(), schema_lock=lock)


def test_the_command_extends_a_lock_and_never_loosens_it(
    schema_file: Path, lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = lock.read_text()
    assert main(["lock", str(schema_file), str(lock)]) == 1
    assert "is unchanged; delete it to lock a new group" in capsys.readouterr().err
    assert lock.read_text() == before

    text = schema_file.read_text().replace("at: string", "at: string, orders: integral")
    schema_file.write_text(text.replace("}", ", city: string}"))
    assert main(["lock", str(schema_file), str(lock)]) == 0
    assert SchemaLock.read(lock).features["city"] == "String"
    assert "locks 4 features" in capsys.readouterr().out


def test_the_command_locks_a_schema_of_code(tmp_path: Path) -> None:
    lock = tmp_path / "lock.json"

    assert main(["lock", f"{__name__}:IN_CODE", str(lock)]) == 0
    assert SchemaLock.read(lock) == SchemaLock.of(IN_CODE, {})


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("none.yaml", "none.yaml: cannot be read"),
        ("no_such_module:SCHEMA", "No module named 'no_such_module'"),
        (f"{__name__}:NOTHING", "has no attribute 'NOTHING'"),
        (f"{__name__}:NO_SCHEMA", "got a int; give a FeatureSchema"),
    ],
)
def test_the_command_says_what_is_wrong_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, reason: str
) -> None:
    assert main(["lock", source, str(tmp_path / "lock.json")]) == 1

    assert reason in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_command_rejects_wrong_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["lock", "a"], ["lock", "a", "b", "--setting", "online"]):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        assert end.value.code == 2
    assert "got 'online'; allowed is NAME=VALUE" in capsys.readouterr().err
