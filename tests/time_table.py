"""The seconds of a test run by folder: `pytest --time-table`.

Sums the durations of all processes, so it exceeds the time on the clock.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import PurePosixPath

import pytest

ROWS = 20
_DEPTH = 4
_MIN_SECONDS = 1.0


class TimeTable:
    """Collects the durations of tests and prints them by folder when the run ends."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.tests: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        folder = folder_of(report.nodeid)
        self.seconds[folder] += report.duration
        self.tests[folder] += report.when == "call"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("seconds by folder")
        slowest = sorted(self.seconds.items(), key=lambda item: -item[1])[:ROWS]
        for folder, seconds in slowest:
            if seconds >= _MIN_SECONDS:
                terminalreporter.line(f"{seconds:8.0f} s {self.tests[folder]:6} tests  {folder}")
        total = f"{sum(self.seconds.values()):8.0f} s {sum(self.tests.values()):6} tests  all"
        terminalreporter.line(total)


def folder_of(nodeid: str) -> str:
    """Returns the folder that a test counts for, at most four levels deep."""
    folders = PurePosixPath(nodeid.partition("::")[0]).parent.parts
    return "/".join(folders[:_DEPTH])
