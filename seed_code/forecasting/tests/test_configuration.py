"""Validation of `config.yaml`."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlops_jobs.failure import InputError

from pipeline.configuration import Configuration, read_configuration

VALID = """
data: {timestamp: time, target: sales, series: shop, frequency: hour}
forecast: {horizon: 12, season: 24, lags: [168]}
tuning: {ranges: {max_depth: [2, 8]}}
"""


def changed(folder: Path, path: str, value: object) -> Configuration:
    """Reads a valid file with one value changed; None removes it."""
    document: dict[str, Any] = yaml.safe_load(VALID)
    *parents, key = path.split(".")
    section = document
    for parent in parents:
        section = section.setdefault(parent, {})
    section[key] = value
    if value is None:
        del section[key]
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(document))
    return read_configuration(file)


def test_defaults_are_filled_in(tmp_path: Path) -> None:
    found = changed(tmp_path, "data.delimiter", ";")
    assert (found.objective.metric, found.objective.threshold) == ("mase", None)
    assert found.forecast.quantiles == (0.1, 0.5, 0.9)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("data.frequency", "year", "data.frequency: got 'year'; allowed: 'minute', 'hour', 'day'"),
        ("data.frequency", None, "data.frequency: got nothing; set it"),
        ("data.timestamp", None, "data.timestamp: got nothing; set it"),
        ("data.header", True, "got an unknown key; allowed here: uri, series, timestamp"),
        ("data.encoding", "klingon", "got 'klingon'; allowed: an encoding such as utf-8"),
        ("forecast", None, "forecast: got nothing; set it"),
        ("forecast.horizon", 0, "forecast.horizon: got 0; allowed: greater than or equal to 1"),
        ("forecast.lags", [6], "forecast: got lag 6; allowed: at least the horizon, 12"),
        ("forecast.quantiles", [0.5], "got [0.5]; allowed: ascending numbers between 0 and 1"),
        ("forecast.quantiles", [0.9, 0.5, 0.1], "got [0.9, 0.5, 0.1]; allowed: ascending numbers"),
        ("forecast.quantiles", [0.1, 0.4, 0.9], "allowed: ascending numbers between 0 and 1"),
        ("split.test", 0, "split.test: got 0; allowed: greater than or equal to 1"),
        ("objective.metric", "auc", "got 'auc'; allowed: 'mase', 'smape' or 'wape'"),
        ("objective", {"metric": "smape", "threshold": 3}, "got 3 for smape; allowed: at least 0"),
        ("tuning.ranges", {"depth": [1, 2]}, "got 'depth'; allowed: num_round"),
    ],
)
def test_a_mistake_is_rejected_with_its_key(
    tmp_path: Path, path: str, value: object, message: str
) -> None:
    with pytest.raises(InputError) as error:
        changed(tmp_path, path, value)
    assert re.match(r"config\.yaml:\d+: ", str(error.value))
    assert message in str(error.value)
