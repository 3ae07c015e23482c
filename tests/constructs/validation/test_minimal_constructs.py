"""Arguments that the library's checks require, as `docs/library.md` lists them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler

from mlops_constructs import feature_store, hosting, model_registry
from mlops_constructs.access import ModelExecutionRole
from mlops_constructs.network import Network, NetworkUseCase
from mlops_constructs.validation import SageMakerChecks

DOCUMENTED = Path(__file__).parents[3] / "docs" / "library.md"
KEY = "arn:aws:kms:eu-west-1:111111111111:key/0a1b2c3d-1111-2222-3333-444455556666"
DAILY = scheduler.ScheduleExpression.rate(cdk.Duration.days(1))


class Surroundings:
    """Resources that constructs refer to: a bucket, with or without a customer managed key."""

    def __init__(self, *, has_key: bool) -> None:
        environment = cdk.Environment(account="111111111111", region="eu-west-1")
        self.stack = cdk.Stack(cdk.App(), "S", env=environment)
        self.key = kms.Key.from_key_arn(self.stack, "Key", KEY)
        self.bucket = s3.Bucket.from_bucket_attributes(
            self.stack,
            "Bucket",
            bucket_name="artifacts",
            encryption_key=self.key if has_key else None,
        )
        self.repository = ecr.Repository.from_repository_name(self.stack, "Images", "churn")

    def model(self, **settings: Any) -> hosting.Model:
        source = hosting.ModelSource.from_image(
            self.repository,
            tag_or_digest="1",
            model_data_bucket=self.bucket,
            model_data_key="model.tar.gz",
        )
        return hosting.Model(self.stack, "Model", source=source, **settings)

    def on_instances(self, **settings: Any) -> None:
        variant = hosting.RealTimeVariant(model=self.model(), instance_type="ml.m7i.large")
        hosting.Endpoint(self.stack, "It", variants=[variant], **settings)

    def group(self, **stores: Any) -> feature_store.FeatureGroup:
        features = [feature_store.Feature.string("id"), feature_store.Feature.string("at")]
        schema = feature_store.FeatureSchema(
            features=features, record_identifier="id", event_time="at"
        )
        return feature_store.FeatureGroup(self.stack, "It", schema=schema, **stores)

    def ingestion(self, **settings: Any) -> None:
        feature_store.FeatureIngestion(
            self.stack,
            "Ingestion",
            feature_group=feature_store.FeatureGroup.from_feature_group_name(
                self.stack, "Orders", "orders"
            ),
            files=feature_store.FeatureFiles(bucket=self.bucket, prefix="orders"),
            job=feature_store.IngestionJob(
                repository=self.repository, tag_or_digest="1", **settings
            ),
            schedule=DAILY,
        )

    def fleet(self) -> None:
        role = ModelExecutionRole(
            self.stack, "Role", model_data_bucket=self.bucket, image_repository=self.repository
        )
        fleet = hosting.ManagedInstanceScaling(instance_type="ml.m7i.large", role=role, maximum=1)
        hosting.InferenceComponent(
            self.stack,
            "It",
            endpoint=hosting.Endpoint(self.stack, "Fleet", variants=[fleet]),
            model=self.model(),
            compute=hosting.ComputeResourceRequirements(minimum_memory_mb=1024),
        )

    def transform(self) -> None:
        hosting.BatchTransform(
            self.stack,
            "It",
            model=self.model(),
            source=hosting.TransformInput(bucket=self.bucket, prefix="in"),
            destination=hosting.TransformOutput(bucket=self.bucket, prefix="out"),
            instances=hosting.TransformInstances(instance_type="ml.m7i.large"),
            schedule=DAILY,
            job_name_prefix="nightly",
        )

    def broken_rules(self) -> set[str]:
        template = cdk.App.of(self.stack).synth().get_stack_by_name("S").template  # type: ignore[union-attr]
        return {rule.name for rule in SageMakerChecks().broken_rules(template, "S.template.json")}


Make = Callable[[Surroundings], object]

# Minimal forms: nothing is given that has a default.
CONSTRUCTS: Mapping[str, Make] = {
    "Model": lambda around: around.model(),
    "Endpoint": lambda around: around.on_instances(),
    "Endpoint, serverless": lambda around: hosting.Endpoint(
        around.stack,
        "It",
        variants=[hosting.ServerlessVariant(model=around.model(network_isolation=False))],
    ),
    "Endpoint, `data_capture`": lambda around: around.on_instances(
        data_capture=hosting.DataCapture.to_bucket(around.bucket)
    ),
    "Endpoint, `asynchronous`": lambda around: around.on_instances(
        asynchronous=hosting.AsyncInference.to_bucket(around.bucket)
    ),
    "InferenceComponent": lambda around: around.fleet(),
    "BatchTransform": lambda around: around.transform(),
    "FeatureGroup, `online`": lambda around: around.group(
        online=feature_store.OnlineStore.standard()
    ),
    "FeatureGroup, `offline`": lambda around: around.group(
        offline=feature_store.OfflineStore.iceberg(around.bucket)
    ),
    "FeatureIngestion": lambda around: around.ingestion(),
    "ModelPackageGroup": lambda around: model_registry.ModelPackageGroup(
        around.stack, "It", model_package_group_name="churn"
    ),
}
# Arguments that are required with keys of buckets, and the complete form.
GIVEN: Mapping[str, Make] = {
    "FeatureGroup, `online`": lambda around: around.group(
        online=feature_store.OnlineStore.standard(encryption_key=around.key)
    ),
    "FeatureIngestion": lambda around: around.ingestion(
        network=Network(around.stack, "Net", uses=[NetworkUseCase.FEATURE_STORE])
    ),
}


def documented() -> dict[str, tuple[set[str], set[str]]]:
    """The rows of the table: rules that a form breaks without a key on the bucket, and with one."""
    row = re.compile(r"^\| (\w+(?:, [\w` ]+)?) \| ([\w`, ]+) \| ([\w`, ]+) \|", re.M)
    text = DOCUMENTED.read_text().partition("<!-- minimal forms -->")[2]
    return {
        name: (set(re.findall(r"`(\w+)`", without)), set(re.findall(r"`(\w+)`", having)))
        for name, without, having in row.findall(text)
        if name != "construct"
    }


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_a_minimal_construct_breaks_what_the_guide_says_and_nothing_else(name: str) -> None:
    without, having = documented().get(name, (set(), set()))

    for has_key, expected in ((False, without), (True, having)):
        around = Surroundings(has_key=has_key)
        CONSTRUCTS[name](around)
        assert around.broken_rules() == expected, f"has_key={has_key}"


@pytest.mark.parametrize("name", GIVEN)
def test_what_the_guide_asks_for_is_enough(name: str) -> None:
    around = Surroundings(has_key=True)

    GIVEN[name](around)

    assert around.broken_rules() == set()


def test_the_guide_names_constructs_that_are_tried_here() -> None:
    rows = documented()

    assert rows
    assert rows.keys() <= CONSTRUCTS.keys()
    assert {name for name, (_, having) in rows.items() if having} == GIVEN.keys()
