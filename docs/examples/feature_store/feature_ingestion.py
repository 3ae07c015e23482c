"""Nightly ingestion of files into a feature group, with an alarm when no records arrive.

Use it where features are computed in batches: the producer writes `.csv` or `.jsonl` files below
`features/balances/` of the bucket, and needs no code for the feature store. A row that violates the
schema fails the job with its file and line. The jobs run in a private network.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct
from stores import Stores

from mlops_constructs import feature_store
from mlops_constructs.feature_store import Feature
from mlops_constructs.network import Network, NetworkUseCase

BALANCES = feature_store.FeatureSchema(
    features=[
        Feature.string("customer_id"),
        Feature.string("event_time"),
        Feature.integral("orders"),
        Feature.fractional("balance"),
    ],
    record_identifier="customer_id",
    event_time="event_time",
)


class FeatureIngestion(cdk.Stack):
    """Defines the group, its nightly ingestion, and notifications of failures."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        balances = feature_store.FeatureGroup(
            self,
            "Balances",
            schema=BALANCES,
            feature_group_name="balances",
            online=feature_store.OnlineStore.standard(encryption_key=stores.key),
        )
        nightly = feature_store.FeatureIngestion(
            self,
            "Nightly",
            feature_group=balances,
            files=feature_store.FeatureFiles(bucket=stores.bucket, prefix="features/balances"),
            # The image of a project contains the program.
            job=feature_store.IngestionJob(
                repository=stores.repository,
                tag_or_digest="model-build",
                network=Network(self, "Network", uses=[NetworkUseCase.FEATURE_STORE]),
            ),
            schedule=scheduler.ScheduleExpression.cron(hour="3", minute="0"),
        )
        nightly.on_failure(
            "Failed",
            target=targets.SnsTopic(stores.topic, dead_letter_queue=nightly.dead_letter_queue),
        )
        stale = balances.freshness_alarm("Stale", max_silence=cdk.Duration.hours(26))
        stale.add_alarm_action(actions.SnsAction(stores.topic))
        cdk.CfnOutput(self, "FeatureGroupName", value=balances.feature_group_name)
        cdk.CfnOutput(self, "IngestionName", value=nightly.ingestion_name)
        cdk.CfnOutput(self, "StaleAlarm", value=stale.alarm_name)
