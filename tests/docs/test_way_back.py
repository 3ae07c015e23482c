"""Rollback to an older model while an alarm of the model in service is in alarm."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from stores import Stores

from mlops_constructs.hosting import (
    Endpoint,
    Model,
    ModelSource,
    RealTimeVariant,
    Rollback,
    Rollout,
)
from tests.docs.conftest import Account
from tests.docs.synthesis import ACCOUNT, REGION, ROOT, Synthesis

NAME = "way-back"
Watch = Callable[[cdk.Stack], Rollback]


def serving(release: str, rollback: Watch) -> Synthesis:
    """The endpoint with a release of the model."""
    directory = Path(tempfile.mkdtemp(prefix=f"{NAME}-"))
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = cdk.App(context=context, outdir=str(directory))
    place = cdk.Environment(account=ACCOUNT, region=REGION)
    stores = Stores(app, "Stores", env=place)
    stack = cdk.Stack(app, "WayBack", env=place)
    source = ModelSource.from_image(
        stores.repository,
        tag_or_digest="1",
        model_data_bucket=stores.bucket,
        model_data_key="models/churn/model.tar.gz",
        environment={"RELEASE": release},
    )
    Endpoint(
        stack,
        "Endpoint",
        endpoint_name=NAME,
        variants=[
            RealTimeVariant(
                model=Model(stack, "Model", source=source), instance_type="ml.m7i.large"
            )
        ],
        rollout=Rollout.all_at_once(baking=cdk.Duration.minutes(1), rollback=rollback(stack)),
    )
    app.synth()
    return Synthesis(app, stack, directory)


def on_errors(stack: cdk.Stack) -> Rollback:
    return Rollback.on_errors()


def off(stack: cdk.Stack) -> Rollback:
    return Rollback.off()


def on_own_alarm(stack: cdk.Stack) -> Rollback:
    """An alarm that does not distinguish fleets."""
    metric = cloudwatch.Metric(
        namespace="WayBack", metric_name="Complaints", period=cdk.Duration.hours(1)
    )
    return Rollback.on_alarms(
        metric.create_alarm(
            stack, "Complaints", alarm_name="complaints", threshold=1, evaluation_periods=1
        )
    )


@pytest.fixture
def account_after(account: Account) -> Iterator[Account]:
    yield account
    if "WayBack" in account.stack_names():
        account.delete_stack("WayBack")


def test_the_way_back_is_open_while_the_alarm_of_the_bad_model_rings(
    account_after: Account,
) -> None:
    account = account_after
    good, bad = serving("good", on_errors), serving("bad", on_errors)
    account.create(good)
    before = config_in_service(account)
    account.update(bad)

    ring(account, f"{config_in_service(account)}-AllTraffic-ServerErrors")
    account.update(good)

    assert config_in_service(account) == before


def test_an_alarm_that_knows_no_fleet_is_switched_off_for_one_deployment(
    account_after: Account,
) -> None:
    account = account_after
    account.create(serving("good", on_own_alarm))
    before = config_in_service(account)
    account.update(serving("bad", on_own_alarm))
    account.client("cloudwatch").put_metric_data(
        Namespace="WayBack", MetricData=[{"MetricName": "Complaints", "Value": 2.0}]
    )
    wait_for_alarm(account, "complaints")

    back = serving("good", on_own_alarm)
    account.client("cloudformation").update_stack(
        StackName="WayBack", TemplateURL=account.upload(back), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    refused = account.settled("WayBack")
    told = account.failures("WayBack")
    account.update(serving("good", off))

    assert refused["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert [reason for reason in told if "alarms have been triggered" in reason]
    assert config_in_service(account) == before


def config_in_service(account: Account) -> str:
    described = account.client("sagemaker").describe_endpoint(EndpointName=NAME)
    name: str = described["EndpointConfigName"]
    return name


def ring(account: Account, alarm: str) -> None:
    cloudwatch_client = account.client("cloudwatch")
    assert cloudwatch_client.describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    cloudwatch_client.set_alarm_state(
        AlarmName=alarm, StateValue="ALARM", StateReason="the bad model fails"
    )


def wait_for_alarm(account: Account, alarm: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        (found,) = account.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
        if found["StateValue"] == "ALARM":
            return
        time.sleep(0.2)
    raise AssertionError(f"{alarm} did not go off")
