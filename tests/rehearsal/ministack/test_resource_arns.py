"""The resources that IAM evaluates for services of ministack."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

PREFIX = "arn:aws:ssm:us-east-1:111111111111:parameter"


@pytest.fixture(scope="module")
def reader(aws: Any) -> Any:
    """A client of a role that may read and delete the parameters below /open."""
    ssm = aws.client("ssm")
    for name in ("/open/one", "/open/two", "/closed/one", "plain"):
        ssm.put_parameter(Name=name, Value="v", Type="String", Overwrite=True)
    actions = ["ssm:GetParameter", "ssm:GetParameters", "ssm:DeleteParameters"]
    person = aws.person("parameter-reader", {"Action": actions, "Resource": f"{PREFIX}/open/*"})
    return aws.client("ssm", person)


@pytest.mark.parametrize(
    "names",
    [
        ["/open/one"],
        ["/open/one", "/open/two"],
        ["/open/one:1"],
        [f"{PREFIX}/open/one", "/open/two"],
    ],
)
def test_parameters_are_read_by_who_may_read_each(reader: Any, names: list[str]) -> None:
    assert len(reader.get_parameters(Names=names)["Parameters"]) == len(names)


@pytest.mark.parametrize(
    ("names", "denied"),
    [
        (["/closed/one"], "/closed/one"),
        (["/open/one", "/closed/one"], "/closed/one"),
        (["/closed/one", "/open/one"], "/closed/one"),
        (["plain"], "/plain"),
        (["/open/one", f"{PREFIX}/plain:1"], "/plain"),
    ],
)
def test_one_parameter_that_may_not_be_read_denies_all(
    reader: Any, names: list[str], denied: str
) -> None:
    with pytest.raises(ClientError) as raised:
        reader.get_parameters(Names=names)
    error = raised.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert f"ssm:GetParameters on resource: {PREFIX}{denied} " in error["Message"]


def test_parameters_are_deleted_by_who_may_delete_each(aws: Any, reader: Any) -> None:
    with pytest.raises(ClientError, match=r"ssm:DeleteParameters on resource: .*parameter/plain"):
        reader.delete_parameters(Names=["/open/one", "plain"])
    assert aws.client("ssm").get_parameter(Name="/open/one")["Parameter"]["Value"] == "v"


def test_a_version_and_an_arn_of_a_parameter_are_its_own(reader: Any) -> None:
    assert reader.get_parameter(Name="/open/one:1")["Parameter"]["Version"] == 1
    assert reader.get_parameter(Name=f"{PREFIX}/open/two")["Parameter"]["Name"] == "/open/two"
