"""Your own data: its validation, and the configuration of the project."""

from pathlib import Path

import pytest
import yaml

from rehearsal.client import training_data
from rehearsal.client.errors import RehearsalError
from rehearsal.client.training_data import Objective, TrainingData

CONFIG = """\
# The model of this project.

data:
  uri: ""               # s3://bucket/table.csv
  header: true          # whether the first line names the columns
  target: diagnosis     # the column to predict
  positive_label: M
  drop: []              # not to be used

objective:
  metric: auc           # binary: auc
  threshold: 0.9        # at least

tuning:
  jobs: 4
"""


def csv(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "my.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "target", "found"),
    [
        ("a,y\n1,yes\n2,no\n3,no\n", "y", Objective("binary", "auc", 0.5)),
        ("a,y\n1,x\n2,z\n3,z\n4,w\n", "y", Objective("multiclass", "accuracy", 0.5)),
        ("a,y\n1,1\n2,2\n3,2\n4,3\n", "y", Objective("multiclass", "accuracy", 0.5)),
        ("a,y\n1,1.5\n2,2.5\n3,2\n", "y", Objective("regression", "r2", 0.0)),
        ("a,y\n1,yes\n2,\n3,no\n", "y", Objective("binary", "auc", 0.5)),
    ],
)
def test_the_problem_is_found_in_the_data_and_a_model_must_beat_guessing(
    tmp_path: Path, text: str, target: str, found: Objective
) -> None:
    assert TrainingData(csv(tmp_path, text), target).check() == found


def test_options_take_precedence_over_detection(tmp_path: Path) -> None:
    path = csv(tmp_path, "a,y\n1,1\n2,2\n")
    assert TrainingData(path, "y", "regression", threshold=0.8).check() == Objective(
        "regression", "r2", 0.8
    )


@pytest.mark.parametrize(
    ("text", "target", "options", "message"),
    [
        ("", "y", {}, "is empty"),
        ("a,y\n", "y", {}, "no rows with a target"),
        ("a,b\n1,2\n", "y", {}, "no column 'y'"),
        ("a,y\n1,2\n3,2\n", "y", {}, "only one value: '2'"),
        ("a,y\n1,2\n3,4\n", "y", {"drop": ("z",)}, "no column 'z'"),
        ("a,y\n1,2\n3,4\n", "y", {"problem_type": "ranking"}, "Got --problem-type ranking"),
        ("a,y\n1,2\n3,4\n", "", {}, "requires --target"),
        ("1,2\n3,4\n", "y", {"header": False}, "Got --target y"),
        ("1,2\n3,4\n", "2", {"header": False}, "Got --target 2"),
    ],
)
def test_invalid_data_is_rejected(
    tmp_path: Path, text: str, target: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(RehearsalError, match=message):
        TrainingData(csv(tmp_path, text), target, **options).check()  # type: ignore[arg-type]


def test_a_file_that_is_no_text_or_does_not_exist_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"a,y\n\xff\xfe,1\n")
    with pytest.raises(RehearsalError, match="not UTF-8"):
        TrainingData(tmp_path / "binary.csv", "y").check()
    with pytest.raises(RehearsalError, match="does not exist"):
        TrainingData(tmp_path / "none.csv", "y").check()


def test_the_configuration_names_the_data_and_keeps_the_rest(tmp_path: Path) -> None:
    chosen = TrainingData(
        csv(tmp_path, 'a,"the ""y"""\n1,1.5\n2,2.5\n3,3.5\n'), 'the "y"', drop=("a",)
    )
    text = chosen.configure(CONFIG, "s3://bucket/data/my.csv")
    assert yaml.safe_load(text) == {
        "data": {
            "uri": "s3://bucket/data/my.csv",
            "header": True,
            "target": 'the "y"',
            "problem_type": "regression",
            "drop": ["a"],
        },
        "objective": {"metric": "r2", "threshold": 0.0},
        "tuning": {"jobs": 4},
    }
    assert "# s3://bucket/table.csv" in text
    assert chosen.configure(text, "s3://bucket/data/my.csv") == text


def test_without_a_header_the_target_is_a_number(tmp_path: Path) -> None:
    chosen = TrainingData(csv(tmp_path, "1,a\n2,b\n"), "1", header=False)
    section = yaml.safe_load(chosen.configure(CONFIG, "s3://b/k"))["data"]
    assert (section["target"], section["header"]) == (1, False)


def test_a_configuration_without_the_section_is_rejected() -> None:
    with pytest.raises(RehearsalError, match="no section 'data'"):
        training_data.set_values("other: 1\n", "data", {"uri": ""})


SEED = Path(__file__).parents[3] / "seed_code/model_build"


def test_the_project_checks_the_data_before_anything_starts(tmp_path: Path) -> None:
    rows = "".join(f"{row},{row % 2}\n" for row in range(20))
    TrainingData(csv(tmp_path, f"a,y\n{rows}"), "y").check_with_seed(SEED)


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        ("a,y\n1,yes\n2,no\n3,no\n", {}, "got 3 rows; allowed: at least 10"),
        ("a,y\n" + "1,yes\n2,no\n" * 9, {"problem_type": "regression"}, "allowed: numbers for a"),
        ("a,y\n" + "1,yes\n1,no\n" * 9, {}, "got no usable column"),
        ("a,y\n" + "1,yes\n2,no,3\n" * 9, {}, "line 3: got 3 fields; allowed: 2"),
    ],
)
def test_the_reason_of_the_project_is_shown(
    tmp_path: Path, text: str, options: dict[str, str], reason: str
) -> None:
    data = TrainingData(csv(tmp_path, text), "y", **options)  # type: ignore[arg-type]
    with pytest.raises(RehearsalError) as error:
        data.check_with_seed(SEED)
    assert reason in error.value.why


def test_a_project_without_the_command_checks_in_its_pipeline(tmp_path: Path) -> None:
    TrainingData(csv(tmp_path, "a,y\n1,2\n"), "y").check_with_seed(tmp_path)
