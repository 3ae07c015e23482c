"""Drift of many features in one run: many alarms, one retraining."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.docs.conftest import Account
from tests.docs.waiting import eventually

NAMESPACE = "MLOps/DriftMonitor"
PIPELINE = "drift-monitor-training"
FEATURES = ("age", "balance")


def retrains_once(account: Account, outputs: Mapping[str, str]) -> None:
    cloudwatch = account.client("cloudwatch")
    dimensions = {"Endpoint": "churn-prod", "MonitoringSchedule": outputs["MonitorName"]}
    _put_drift(cloudwatch, dimensions)

    def ringing() -> list[str] | None:
        alarms = cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"]
        names = [
            alarm["AlarmName"]
            for alarm in alarms
            if alarm["Namespace"] == NAMESPACE and "Critical" in alarm["AlarmName"]
        ]
        return names if len(names) == len(FEATURES) else None

    eventually(ringing)
    functions = account.client("stepfunctions")
    (machine,) = (
        one["stateMachineArn"]
        for one in functions.list_state_machines()["stateMachines"]
        if one["stateMachineArn"] != outputs["BaselineJob"]
    )

    def runs(count: int) -> list[dict[str, Any]] | None:
        found = functions.list_executions(stateMachineArn=machine)["executions"]
        ended = [one for one in found if one["status"] != "RUNNING"]
        return ended if len(ended) == count else None

    (run,) = eventually(lambda: runs(1))
    assert run["status"] == "SUCCEEDED", functions.describe_execution(
        executionArn=run["executionArn"]
    )
    assert len(_executions(account)) == 1

    # The example's pipeline fails at once, and a failed execution does not prevent another one.
    functions.start_execution(stateMachineArn=machine)
    eventually(lambda: runs(2))
    assert len(_executions(account)) == 2


def _put_drift(cloudwatch: Any, dimensions: Mapping[str, str]) -> None:
    """Publishes the metrics of a monitoring run in which every feature has drifted."""
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    cloudwatch.put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[
            {
                "MetricName": f"feature_baseline_drift_{feature}",
                "Dimensions": named,
                "Timestamp": datetime.now(UTC),
                "Value": 0.6,
            }
            for feature in FEATURES
        ],
    )


def _executions(account: Account) -> list[dict[str, Any]]:
    answer = account.client("sagemaker").list_pipeline_executions(PipelineName=PIPELINE)
    found: list[dict[str, Any]] = answer["PipelineExecutionSummaries"]
    return found
