"""Progress: a table on a terminal, lines elsewhere."""

import io
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from rehearsal.client.errors import RehearsalError
from rehearsal.client.progress import Board, Status


def plain() -> tuple[Board, Callable[[], list[str]]]:
    text = io.StringIO()
    return Board(Console(file=text, width=100)), lambda: text.getvalue().splitlines()


def test_without_a_terminal_every_change_is_one_line() -> None:
    board, lines = plain()
    with board:
        board.update(("build", "Train"))
        board.update(("build", "Train"), Status.RUNNING, started=board.began)
        board.update(("build", "Train"), Status.RUNNING)
        board.update(("build", "Train"), Status.RUNNING, "best auc [0.9]")
        board.update(("build", "Train"), Status.SUCCEEDED, ended=board.began + 2)
    assert [line.split(" s ", 1)[1] for line in lines()] == [
        "▶ build / Train: running",
        "▶ build / Train: running best auc [0.9]",
        "✓ build / Train: succeeded (2.0 s) best auc [0.9]",
    ]


def test_on_a_terminal_rows_are_below_their_parents_and_fit() -> None:
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=100, height=30)
    with Board(console) as board:
        board.update(("build", "Source"), Status.SUCCEEDED)
        board.update(("deploy",), Status.RUNNING)
        board.update(("build", "Source", "pull"), Status.FAILED, "x" * 300)
        table = io.StringIO()
        Console(file=table, width=100).print(board.render())
    shown = table.getvalue().splitlines()
    assert [line.split()[1] for line in shown[:3]] == ["Source", "pull", "deploy"]
    assert max(map(len, shown)) <= 100
    assert "deploy" in text.getvalue()


def test_a_step_fails_with_the_reason_of_its_error() -> None:
    board, lines = plain()
    with pytest.raises(RehearsalError), board.step("platform"), board.step("platform", "start"):
        raise RehearsalError("Port 1 is taken.", "why")
    assert board.rows["platform", "start"].status is Status.FAILED
    assert board.deepest_failure() == ("platform", "start")
    assert re.search(r"platform: failed \(\d+\.\d s\) Port 1 is taken\.$", lines()[-1])


def test_an_interrupted_step_is_stopped_and_not_failed() -> None:
    board, _ = plain()
    with pytest.raises(KeyboardInterrupt), board.step("platform"):
        raise KeyboardInterrupt
    assert board.rows["platform",].status is Status.STOPPED
    assert board.deepest_failure() == ()


def test_times_of_aws_replace_those_of_this_machine() -> None:
    board, _ = plain()
    board.update(("a",), Status.RUNNING)
    board.update(("a",), Status.SUCCEEDED, started=100.0, ended=104.5)
    assert board.rows["a",].seconds(999) == 4.5
