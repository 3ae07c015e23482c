"""Values that can be validated at synthesis."""

from typing import Any

import aws_cdk as cdk
import pytest
from constructs import Construct

from mlops_constructs._problems import Problems, is_known


@pytest.mark.parametrize("value", ["churn", "", 0, 2.5, False, ["a"], "${AWS::Region}", {"a": 1}])
def test_what_is_given_is_known(value: Any) -> None:
    assert is_known(value)


def test_nothing_is_not_known() -> None:
    assert not is_known(None)


@pytest.mark.parametrize(
    "value",
    [
        cdk.Aws.REGION,
        f"arn:aws:s3:::{cdk.Aws.ACCOUNT_ID}-data",
        cdk.Token.as_number({"Ref": "Count"}),
        cdk.Token.as_list({"Ref": "Subnets"}),
        cdk.Token.as_any({"Ref": "Anything"}),
    ],
    ids=["reference", "reference in text", "number", "list", "anything"],
)
def test_what_only_the_deployment_knows_is_not_known(value: Any) -> None:
    assert not is_known(value)


def test_an_error_has_the_path_of_its_construct() -> None:
    problems = Problems("Endpoint", Construct(cdk.Stack(cdk.App(), "Stack"), "Churn"))
    problems.add("name: got 1")
    with pytest.raises(ValueError, match=r"^Endpoint Stack/Churn cannot be defined:\n  - name"):
        problems.raise_if_any()
