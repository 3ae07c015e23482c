"""Validation of `config.yaml`."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlops_jobs.failure import InputError

from pipeline.configuration import read_configuration


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("data", "size", None, "data.size: got nothing; set it"),
        ("data", "size", [8], "data.size"),
        ("data", "size", [8, 5000], "data.size.1: got 5000; allowed: less than or equal to 1024"),
        ("data", "channels", 2, "data.channels: got 2; allowed: 1 or 3"),
        ("data", "uri", "s3://b/x.tar", "allowed: a folder, which ends with /, or a zip archive"),
        ("data", "target", "x", "got an unknown key; allowed here: uri, size, channels, binary"),
        ("objective", "metric", "rmse", "got 'rmse'; allowed: 'accuracy', 'f1'"),
        ("objective", "metric", "auc", "got 'auc'; allowed: accuracy, f1, macro_f1, logloss"),
        ("objective", "threshold", 95, "got 95 for accuracy; allowed: at least 0, at most 1"),
        ("training", "num_round", 3, "got 'num_round'; allowed: epochs, patience"),
    ],
)
def test_a_mistake_is_rejected_with_its_key(
    tmp_path: Path, section: str, key: str, value: object, message: str
) -> None:
    document: dict[str, Any] = {
        "data": {"size": [8, 8], "channels": 1},
        "tuning": {"ranges": {"filters": [16, 32]}},
    }
    document.setdefault(section, {})[key] = value
    if value is None:
        del document[section][key]
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(document))
    with pytest.raises(InputError) as error:
        read_configuration(file)
    assert re.match(r"config\.yaml:\d+: ", str(error.value))
    assert message in str(error.value)
