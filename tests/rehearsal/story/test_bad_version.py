"""The version that errs: it passes the tests of the seed, and fails under load."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rehearsal.client.errors import RehearsalError
from rehearsal.story import bad_version

ROOT = Path(__file__).parents[3]
SEED = ROOT / "seed_code/model_build"


@pytest.fixture(scope="module")
def text() -> str:
    return bad_version.with_leak((SEED / bad_version.FILE).read_text())


def test_it_errs_after_some_small_requests(text: str) -> None:
    (leak,) = (
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and node.name == "_with_buffers"
    )
    source = "from __future__ import annotations\n" + ast.unparse(leak)
    names: dict[str, object] = {}
    exec(compile(source, "leak", "exec"), names)  # noqa: S102 - the code of the story
    predict = names["_with_buffers"](len)  # type: ignore[operator]

    for _ in range(bad_version.MAX_BUFFERS):
        assert predict([1]) == 1
    assert predict([1] * 500) == 500
    with pytest.raises(OSError, match="Too many open files"):
        predict([1])


def test_the_linter_of_the_seed_accepts_it(text: str, tmp_path: Path) -> None:
    file = tmp_path / "model.py"
    file.write_text(text)
    ruff = Path(sys.executable).with_name("ruff")
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [ruff, *command, "--config", SEED / "pyproject.toml", file],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        (
            "from pathlib import Path",
            "from collections.abc import Callable\nfrom pathlib import Path",
        ),
        (
            "import json\nfrom contextlib import suppress\nfrom pathlib import Path",
            "import json\nfrom collections.abc import Callable\nfrom contextlib import suppress\n"
            "from pathlib import Path",
        ),
        (
            "from collections.abc import Iterator\nfrom pathlib import Path",
            "from collections.abc import Callable, Iterator\nfrom pathlib import Path",
        ),
        (
            "from collections.abc import Callable\nfrom pathlib import Path",
            "from collections.abc import Callable\nfrom pathlib import Path",
        ),
    ],
)
def test_its_import_is_where_the_linter_wants_it(imports: str, expected: str) -> None:
    model = "x = model(\n    predict_encoded=XGBoostTrees(booster),\n)\n"

    assert bad_version.with_leak(f"{imports}\n\n{model}").startswith(f"{expected}\n\nx = ")


def test_another_model_is_rejected_with_the_remedy() -> None:
    with pytest.raises(RehearsalError) as error:
        bad_version.with_leak("from pathlib import Path\n\nload = None\n")
    assert "not the model of the seed code" in error.value.what
    assert "--short" in error.value.remedy


def test_its_only_trial_is_near_the_best_one() -> None:
    text = (SEED / bad_version.CONFIG).read_text()
    best = {"max_depth": "8", "eta": "0.2731", "min_child_weight": "9.8", "num_round": "100"}
    found = yaml.safe_load(bad_version.with_one_trial(text, best))["tuning"]
    assert (found["jobs"], found["parallel"]) == (1, 1)
    changed = yaml.safe_load(bad_version.with_one_trial(text, best))
    assert changed["objective"] == {"margin": bad_version.MARGIN}
    for name, (low, high) in found["ranges"].items():
        assert low < high
        assert low - 0.2 <= float(best[name]) <= high + 0.2
    assert found["ranges"]["max_depth"] == [7, 8]
    before = yaml.safe_load(text)
    assert before["tuning"]["ranges"].keys() == found["ranges"].keys()
    for name, (low, high) in found["ranges"].items():
        assert before["tuning"]["ranges"][name][0] <= low < high
        assert high <= before["tuning"]["ranges"][name][1]
