"""Schemas in YAML files, and what is said of a wrong one."""

from pathlib import Path

import pytest

from mlops_constructs.feature_store import FeatureSchema

GOOD = """\
# Customers
record_identifier: customer_id
event_time: at
features:
  customer_id: string
  at: fractional
  orders: integral
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "schema.yaml"
    path.write_text(text)
    return path


def test_a_schema_is_read(tmp_path: Path) -> None:
    schema = FeatureSchema.from_yaml(written(tmp_path, GOOD))

    assert schema.types() == {
        "customer_id": "String",
        "at": "Fractional",
        "orders": "Integral",
    }
    assert (schema.record_identifier, schema.event_time) == ("customer_id", "at")
    assert not schema.problems()


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        ("orders: integral", "orders: int", "schema.yaml:7: feature 'orders': got type 'int'"),
        (
            "orders: integral",
            "orders: {type: string, collection: list}",
            "schema.yaml:7: feature 'orders': got a mapping; allowed is one of string",
        ),
        ("orders: integral", "at: string", "schema.yaml:7: features.at: got a duplicate key"),
        ("event_time: at", "eventtime: at", "schema.yaml:3: got 'eventtime'; allowed are record_"),
        ("event_time: at", "", "event_time is missing; add `event_time: NAME`"),
        ("event_time: at", "event_time: [at]", "schema.yaml:3: event_time: got no text"),
        ("features:\n", "features: 7\nothers:\n", "schema.yaml:4: got no mapping for features"),
        ("orders: integral", "orders: [integral", "is not YAML: expected ',' or ']'"),
        (GOOD, "- a\n- b\n", "schema.yaml:1: got no mapping for the file"),
        (GOOD, "", "got no mapping for the file; allowed is record_identifier: NAME"),
        (GOOD, "!!python/object/apply:os.system [id]", "schema.yaml:1: got the tag"),
        ("event_time: at", "event_time: 7", "schema.yaml:3: event_time: got no text"),
        ("orders: integral", "orders: []", "schema.yaml:7: feature 'orders': got type []"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, mistake: str) -> None:
    path = written(tmp_path, GOOD.replace(old, new))

    with pytest.raises(ValueError, match="The schema cannot be read") as error:
        FeatureSchema.from_yaml(path)
    assert mistake in str(error.value)


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "features:\n  a: b\n  c: d\n")

    with pytest.raises(ValueError, match="cannot be read") as error:
        FeatureSchema.from_yaml(path)
    assert str(error.value).count("\n  - ") == 4


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.yaml: cannot be read"):
        FeatureSchema.from_yaml(tmp_path / "none.yaml")

    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"binary.yaml:1: is not UTF-8 text"):
        FeatureSchema.from_yaml(tmp_path / "binary.yaml")
