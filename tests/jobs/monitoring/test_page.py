"""The page of a run."""

import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mlops_jobs.monitoring import job
from mlops_jobs.monitoring.model import Model
from tests.jobs.monitoring.captured import END, environment, line, side, write_lines

TIME = END - timedelta(minutes=5)
HOSTILE = "<script>alert(1)</script>"


class Page(HTMLParser):
    """Tags and text of a page."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def no_model(_: Path) -> Model:
    raise AssertionError("the analysis does not need a model")


def rows(shift: int) -> list[str]:
    return [f"{at % 50 + shift},{at % 7},{'xy'[at % 2]}" for at in range(200)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The reports of a window in which the column `age` has drifted."""
    heading = f"age,size,{HOSTILE}\n"
    (tmp_path / "data.csv").write_text(heading + "\n".join(rows(0)), encoding="utf-8")
    job.make_baseline(
        {
            "dataset_source": str(tmp_path / "data.csv"),
            "output_path": str(tmp_path / "baseline"),
        },
        no_model,
    )
    calls = [line(at, side("INPUT", body), None, TIME) for at, body in enumerate(rows(30))]
    calls += [line(999, side("INPUT", "{", "JSON", "application/json"), None, TIME)]
    write_lines(tmp_path / "capture/a.jsonl", calls)
    job.monitor(
        environment(
            tmp_path,
            "DATA_QUALITY",
            baseline_constraints=str(tmp_path / "baseline/constraints.json"),
            baseline_statistics=str(tmp_path / "baseline/statistics.json"),
        ),
        no_model,
    )
    return tmp_path


def test_the_worst_feature_is_first_with_its_plot(folder: Path) -> None:
    content = (folder / "reports/report.html").read_text(encoding="utf-8")
    page = Page(content)
    order = re.findall(r"<figcaption>(.*?)</figcaption>", content)

    assert order[0] == "age"
    assert page.tags.count("figure") == 3
    assert "age (violated)" in page.texts
    assert any(text.startswith("1 of 201 calls could not be read") for text in page.texts)
    assert "200 rows" in " ".join(page.texts)


def test_the_page_needs_nothing_else_and_runs_nothing(folder: Path) -> None:
    content = (folder / "reports/report.html").read_text(encoding="utf-8")
    page = Page(content)

    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert "http" not in content
    assert HOSTILE in "".join(page.texts)
    assert len(content) < 100_000


def test_two_runs_write_the_same_page(folder: Path) -> None:
    first = (folder / "reports/report.html").read_bytes()
    variables = environment(
        folder,
        "DATA_QUALITY",
        baseline_constraints=str(folder / "baseline/constraints.json"),
        baseline_statistics=str(folder / "baseline/statistics.json"),
    )

    job.monitor(variables, no_model)

    assert (folder / "reports/report.html").read_bytes() == first


def test_a_baseline_has_a_page_too(folder: Path) -> None:
    content = (folder / "baseline/report.html").read_text(encoding="utf-8")
    assert "There is no baseline: nothing was compared." in content


def test_a_page_without_values_of_identifiers(tmp_path: Path) -> None:
    calls = [line(at, side("INPUT", f"mail-{at}@example.com"), None, TIME) for at in range(100)]
    write_lines(tmp_path / "capture/a.jsonl", calls)

    job.monitor(environment(tmp_path, "DATA_QUALITY"), no_model)

    files = sorted((tmp_path / "reports").iterdir())
    assert [file.name for file in files] == ["constraints.json", "report.html", "statistics.json"]
    assert not any("@example.com" in file.read_text(encoding="utf-8") for file in files)
    assert json.loads(files[2].read_text())["features"][0]["string_statistics"]
