"""Columns that give the target away, and numbers that 32 bits do not represent."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from seed_code.model_build.tests.conftest import run_preprocess, write_csv

ROWS = 600
Cell = Callable[[int, str], str]
Dice = random.Random


def warnings(folder: Path, cell: Cell, target: Callable[[Dice], str], rows: int = ROWS) -> str:
    """Returns the warnings of a column beside one of noise."""
    dice = random.Random(3)  # noqa: S311  reproducible, not secret
    table = []
    for at in range(rows):
        label = target(dice)
        table.append([cell(at, label), f"{dice.random():.5f}", label])
    write_csv(folder / "raw", table, ["x", "noise", "y"])
    outputs = run_preprocess(folder, target="name:y")
    report = json.loads((outputs / "report/data_report.json").read_bytes())
    column, noise = report["columns"]
    assert noise["warnings"] == []
    return " ".join(column["warnings"])


def two(dice: Dice) -> str:
    return "yes" if dice.random() < 0.3 else "no"


def three(dice: Dice) -> str:
    return dice.choice("abc")


def number(dice: Dice) -> str:
    return str(dice.randrange(1, 40) ** 2)


WORDS = {"yes": "closed", "no": "open", "a": "first", "b": "second", "c": "third"}
CODES = {"yes": "1", "no": "0", "a": "7", "b": "9", "c": "8"}
LEAK = "name it in data.drop if it is known only after the target"


@pytest.mark.parametrize(
    ("cell", "target"),
    [
        (lambda _, label: WORDS[label], two),
        (lambda _, label: "" if label == "no" else "2026", two),  # empty until it happens
        (lambda at, label: "" if label == "no" else str(at * 37 % 1000), two),
        (lambda _, label: WORDS[label], three),
        (lambda _, label: CODES[label], three),
        (lambda at, label: f"{float(CODES[label]) + at % 97 / 100:.2f}", three),
        (lambda _, label: f"k{label}", number),
    ],
    ids=["word", "missing", "missing number", "words", "codes", "ranges", "word of a number"],
)
def test_a_column_that_gives_the_target_away_is_reported(
    tmp_path: Path, cell: Cell, target: Callable[[Dice], str]
) -> None:
    found = warnings(tmp_path, cell, target)
    assert LEAK in found


@pytest.mark.parametrize(
    ("cell", "target"),
    [
        (lambda at, label: WORDS[label] if at % 10 else "other", two),
        (lambda at, _: f"w{at % 200}", two),
        (lambda at, _: f"w{at % 200}", three),
        (lambda at, _: f"{at * 7919 % 1000}", three),
        (lambda at, label: f"k{int(label) // 300}-{at % 2}", number),
    ],
    ids=["nearly", "many words", "many words of three", "noise", "a good feature"],
)
def test_a_good_column_is_not_reported(
    tmp_path: Path, cell: Cell, target: Callable[[Dice], str]
) -> None:
    assert LEAK not in warnings(tmp_path, cell, target)


def test_few_rows_of_a_label_show_nothing(tmp_path: Path) -> None:
    def rare(dice: Dice) -> str:
        return "yes" if dice.random() < 0.02 else "no"

    assert LEAK not in warnings(tmp_path, lambda at, _: f"w{at % 5}", rare)


@pytest.mark.parametrize(
    ("cell", "lost"),
    [
        (lambda at, _: str(20_000_000 + at), False),  # differences fit
        (lambda at, _: str(1_700_000_000 + at * 86_399), False),
        (lambda at, _: str((at % 2) * 10**12 + at), True),
        (lambda at, _: f"{at / 7:.17g}", False),
        (lambda at, _: "1e40" if at % 50 == 0 else f"{at / 7:.3f}", False),  # has a scale
    ],
    ids=["identifiers", "seconds of two years", "two ranges", "digits", "huge"],
)
def test_numbers_that_become_equal_in_32_bits_are_reported(
    tmp_path: Path, cell: Cell, lost: bool
) -> None:
    found = warnings(tmp_path, cell, two)
    assert ("that are equal in the 32 bits" in found) is lost
