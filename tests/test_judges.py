"""The judges report what is wrong, also after other templates."""

import json

from tests.judges import lint_findings

REGIONS = ["us-east-1", "eu-central-1"]


def template(**properties: object) -> str:
    """A template with one queue."""
    queue = {"Type": "AWS::SQS::Queue", "Properties": properties}
    return json.dumps({"Resources": {"Queue": queue}})


def test_cfn_lint_reports_each_template_for_itself() -> None:
    assert lint_findings(template(DelaySeconds=0), REGIONS) == []

    (found,) = lint_findings(template(DelayMinutes=0), REGIONS)
    assert "E3002" in found
    assert "DelayMinutes" in found

    assert lint_findings(template(DelaySeconds=0), REGIONS) == []


def test_cfn_lint_checks_the_types_of_each_region() -> None:
    """A type that one of the regions does not have."""
    project = json.dumps({"Resources": {"Project": {"Type": "AWS::Evidently::Project"}}})

    found = lint_findings(project, ["us-east-1", "ap-southeast-5"])
    assert any("ap-southeast-5" in one for one in found)


def test_cfn_lint_reports_a_template_that_it_cannot_read() -> None:
    (found,) = lint_findings("Resources: {", REGIONS)
    assert "E0000" in found
