"""Connections to git providers, found by name or ARN."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from rehearsal.cli.main import app
from rehearsal.client import connection, local_aws
from rehearsal.client.errors import RehearsalError
from tests.rehearsal.stubbed_aws import StubbedAws

ARN = "arn:aws:codeconnections:us-east-1:111111111111:connection/{}"


def aws_with(*connections: tuple[str, str]) -> StubbedAws:
    """A local AWS with connections of these names and ids."""
    described = [
        {
            "ConnectionName": name,
            "ConnectionArn": ARN.format(identifier),
            "ConnectionStatus": "PENDING",
        }
        for name, identifier in connections
    ]
    return StubbedAws(ListConnections={"Connections": described})


def test_connections_are_listed_with_the_address_of_their_repositories(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aws = aws_with(("team", "2"), ("ours", "1"))
    monkeypatch.setattr(local_aws, "require", lambda: aws)

    plain = CliRunner().invoke(app, ["connection", "list"])
    assert plain.output.splitlines() == [
        f"ours  PENDING  {ARN.format(1)}",
        f"team  PENDING  {ARN.format(2)}",
    ]
    listed = json.loads(CliRunner().invoke(app, ["connection", "list", "--json"]).output)
    assert listed[0] == {
        "name": "ours",
        "arn": ARN.format(1),
        "status": "PENDING",
        "remote": "https://127.0.0.1:1/connections/1/OWNER/REPOSITORY.git",
    }


@pytest.mark.parametrize(
    ("there", "wanted", "words"),
    [
        ([("team", "1")], "other", ["There is no connection 'other'", ARN.format(1)]),
        ([], "team", ["There is no connection 'team'", "Deploy a stack that defines one"]),
        (
            [("team", "1"), ("team", "2"), ("x", "3")],
            "team",
            ["2 connections are named 'team'", ARN.format(2), ARN.format(1)],
        ),
    ],
)
def test_a_name_of_no_single_connection_is_reported_with_the_existing_ones(
    there: list[Any], wanted: str, words: list[str]
) -> None:
    with pytest.raises(RehearsalError) as error:
        connection.authorize(aws_with(*there), wanted)
    for word in words:
        assert word in str(error.value)
