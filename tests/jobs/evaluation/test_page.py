"""The page of a model."""

import json

from mlops_jobs.evaluation.page import page
from mlops_jobs.evaluation.quality import METRICS
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.table.schema import Schema
from seed_code.model_build.tests.conftest import Fitted


def test_the_page_shows_what_each_column_is_used_for_and_its_warnings(binary: Fitted) -> None:
    train = binary.outputs / "train"
    schema = Schema.from_json((train / "schema.json").read_bytes())
    data = json.loads((train / "data_report.json").read_bytes())
    data["columns"][0]["warnings"] = ["has 3 <odd> cells"]
    data["warnings"] = ["5 of 300 rows are equal"]
    data["target"]["warnings"] = ["has 2 spellings"]
    naive = binary.report["baseline"]["without_features"]
    html = page(schema, binary.report, naive, METRICS[ProblemType.BINARY][0], data)
    assert "<td>has 3 &lt;odd&gt; cells</td>" in html
    assert "<li>5 of 300 rows are equal</li><li>The target has 2 spellings</li>" in html
    assert "dates, ISO 8601; the model reads these parts: days, month, weekday" in html
    assert "it is always &#x27;same&#x27;" in html
    assert "customer-" not in html
