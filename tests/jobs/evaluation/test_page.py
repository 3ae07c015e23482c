"""The pages of a model and of its table."""

import json
import re

import pytest
from tabular import model

from mlops_jobs.evaluation.job import Champion, Extent, evaluate
from mlops_jobs.evaluation.page import evaluation_page
from mlops_jobs.table.data_page import data_page
from mlops_jobs.table.schema import Schema
from seed_code.model_build.tests.conftest import Fitted
from seed_code.model_build.tests.training_jobs import pack


def test_the_page_of_the_table_shows_the_use_of_each_column_and_its_warnings(
    binary: Fitted,
) -> None:
    schema = Schema.from_json((binary.outputs / "train/schema.json").read_bytes())
    data = json.loads((binary.outputs / "report/data_report.json").read_bytes())
    data["columns"][0]["warnings"] = ["has 3 <odd> cells"]
    data["warnings"] = ["5 of 300 rows are equal"]
    data["target"]["warnings"] = ["has 2 spellings"]
    html = data_page(schema, data)
    assert "<td>has 3 &lt;odd&gt; cells</td>" in html
    assert "<li>5 of 300 rows are equal</li><li>The target has 2 spellings</li>" in html
    assert "dates, ISO 8601; the model reads these parts: days, month, weekday" in html
    assert "it is always &#x27;same&#x27;" in html
    assert "customer-" not in html


def test_preprocessing_writes_the_page_of_the_table(fitted: Fitted) -> None:
    html = (fitted.outputs / "report/data_report.html").read_text()
    data = json.loads((fitted.outputs / "report/data_report.json").read_bytes())
    low, high = data["columns"][0]["range"]
    assert 18 <= low < high <= 80
    assert f"<td>{low:.6g} to {high:.6g}</td>" in html
    if fitted.kind == "regression":
        assert data["target"]["range"]["minimum"] < data["target"]["range"]["median"]
    else:
        assert sum(data["target"]["labels"].values()) == len(fitted.raw)


SECTIONS = {
    "binary": ["Metrics", "Threshold", "Labels", "Calibration", "Importance"],
    "multiclass": ["Metrics", "Labels", "Calibration", "Importance"],
    "regression": ["Metrics", "Calibration", "Importance"],
}


def test_each_part_of_the_page_says_which_rows_it_is_of(fitted: Fitted) -> None:
    html = (fitted.outputs.parent / "evaluation/evaluation.html").read_text()
    parts = re.findall(r"<h2>([^<]*)</h2>(<p class=\"of\">Of [^<]*held-out rows)?", html)
    assert set(SECTIONS[fitted.kind]) <= {name for name, _ in parts}
    assert [name for name, of in parts if not of] == []


def test_pages_refer_to_nothing_outside_of_them(fitted: Fitted) -> None:
    for file in ("evaluation/evaluation.html", "output/report/data_report.html"):
        html = (fitted.outputs.parent / file).read_text()
        assert not re.findall(r"(?:src|href)=|<script", html)


def test_each_number_has_an_interval_and_a_model_without_features_beside_it(
    fitted: Fitted,
) -> None:
    html = (fitted.outputs.parent / "evaluation/evaluation.html").read_text()
    chosen = re.search(r'<tr class="chosen">(.*?)</tr>', html)
    assert chosen
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", chosen[1])
    assert len(cells) == 6
    assert " to " in cells[2]
    assert float(cells[3]) >= 0


@pytest.mark.parametrize("with_champion", [True, False])
def test_the_page_shows_the_deployed_model(
    tmp_path: object, binary: Fitted, *, with_champion: bool
) -> None:
    folder = binary.outputs.parent / f"page-{with_champion}"
    archive = pack(binary.model, folder / "archive")
    champion = Champion(folder=archive, version="arn:package/7" if with_champion else "none")
    report = evaluate(
        model.load, archive, binary.outputs / "test", folder, Extent(deployed=champion)
    )
    html = evaluation_page("answer", report)
    assert ("deployed model, arn:package/7" in html) is with_champion
    assert ("The deployed model was not compared: no version is approved" in html) is not (
        with_champion
    )


def test_a_hostile_name_is_text(binary: Fitted) -> None:
    report = dict(binary.report)
    report["importance"] = report["importance"] | {"features": {"<script>x": 1.0}}
    html = evaluation_page("<b>answer", report)
    assert "<script>" not in html
    assert "Evaluation of &lt;b&gt;answer" in html
