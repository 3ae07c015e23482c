"""Rules that match the events of one test."""

import json
from typing import Any


def new_rule(aws: Any, name: str, target: dict[str, Any]) -> None:
    events = aws.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [f"test.{name}"]}))
    events.put_targets(Rule=name, Targets=[{"Id": "it", **target}])


def send(aws: Any, name: str) -> None:
    entry = {"Source": f"test.{name}", "DetailType": "Test", "Detail": "{}"}
    response = aws.client("events").put_events(Entries=[entry])
    assert response["FailedEntryCount"] == 0
