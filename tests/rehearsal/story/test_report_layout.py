"""The report in a browser: nothing overflows, on a desk and on a phone."""

import dataclasses
import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rehearsal.story import report
from rehearsal.story.package_reports import Reports
from rehearsal.story.summary import TrackingSummary, UnreadSummary
from tests.rehearsal.story.lives import LONG, life
from tests.rehearsal.story.test_report import EVALUATION, ROC, TABLE, summary

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    BROWSER is None,
    reason="2026-11-30: no Chromium on this machine; Debian's package `chromium` has one",
)
METRICS = {"auc": 0.71, "f1": 0.37, "logloss": 0.4812, "average_precision": 0.4712}
VERDICT = {"verdict": f"better than {LONG}", "metrics": {"auc": {"value": 0.68123}}}
COLUMN = {
    "name": LONG, "kind": "categorical", "missing": 123_456, "distinct": "more than 1000",
    "range": [-123_456.789, 123_456.789], "notes": [LONG], "warnings": [LONG],
}  # fmt: skip
REPORTS = Reports(
    {**EVALUATION, **ROC.evaluation, "champion": VERDICT},
    {**TABLE, "columns": [COLUMN] * 3, "warnings": [LONG]},
)
PROBE = """
<iframe id="page" style="width:{width}px;height:900px;border:0" srcdoc="{page}"></iframe>
<pre id="found"></pre>
<script>
onload = () => setTimeout(() => {{
  const inside = document.getElementById("page").contentDocument;
  const wide = [];
  for (const one of inside.querySelectorAll("section, .tile, table, figure, td, th, pre, svg")) {{
    if (one.closest(".wide") && !one.classList.contains("wide")) continue;
    const box = one.getBoundingClientRect();
    if (box.right > {width} + 1) wide.push(`${{one.tagName}} ${{one.textContent.slice(0, 60)}}`);
  }}
  const boxes = [...inside.querySelectorAll("td")].map(one => one.scrollWidth - one.clientWidth);
  document.getElementById("found").textContent = JSON.stringify({{
    wide, page: inside.documentElement.scrollWidth, cells: Math.max(...boxes),
    headings: [...inside.querySelectorAll("h2")]
      .filter(one => one.getBoundingClientRect().height > 0).map(one => one.textContent)
  }});
}}, 300);
</script>
"""


def measured(page: str, width: int, folder: Path) -> dict[str, Any]:
    """Returns the widths of a page as a browser lays it out."""
    file = folder / "probe.html"
    file.write_text(PROBE.format(width=width, page=html.escape(page)))
    done = subprocess.run(
        [
            str(BROWSER),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={folder / 'profile'}",
            "--virtual-time-budget=5000",
            "--dump-dom",
            f"--window-size={width + 40},1000",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found is not None, done.stderr[-2000:]
    content: dict[str, Any] = json.loads(html.unescape(found[1]))
    return content


@pytest.fixture(scope="module")
def page() -> str:
    tracking = TrackingSummary(LONG, LONG, f"https://127.0.0.1:1/{LONG}", "eu-central-1")
    unread = [UnreadSummary(LONG, LONG, f"sagemaker:{LONG}")]
    recorded = dataclasses.replace(summary("binary"), life=life(), tracking=tracking)
    whole = dataclasses.replace(recorded, metrics=METRICS, unread=unread)
    return report.render(whole, REPORTS, ["0"] * 50 + ["1"] * 50, ["0"] * 60 + ["1"] * 40)


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page(page: str, width: int, tmp_path: Path) -> None:
    found = measured(page, width, tmp_path)
    assert found["wide"] == []
    assert found["page"] <= width
    assert found["cells"] <= 1
    assert {"Data of the model", "Experiments", "Not readable"} <= set(found["headings"])


def test_the_measurement_finds_a_table_that_overflows(page: str, tmp_path: Path) -> None:
    broken = page.replace("top;\n    overflow-wrap: anywhere", "top;\n    white-space: nowrap", 1)
    assert broken != page
    assert measured(broken, 390, tmp_path)["wide"]
