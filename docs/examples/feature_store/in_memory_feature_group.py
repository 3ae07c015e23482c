"""A feature group with an in-memory online store only, and a schema in code.

Use it where many features are read for each request and milliseconds count, such as sessions of the
last hours. It costs more than the standard store, and AWS needs a quarter of an hour to create it.
"""

from typing import Any

import aws_cdk as cdk
from constructs import Construct
from stores import Stores

from mlops_constructs.feature_store import Feature, FeatureGroup, FeatureSchema, OnlineStore

SESSIONS = FeatureSchema(
    features=[
        Feature.string("session_id"),
        Feature.fractional("event_time"),
        Feature.integral("pages_seen"),
        Feature.fractional("minutes_idle"),
    ],
    record_identifier="session_id",
    event_time="event_time",
)


class InMemoryFeatureGroup(cdk.Stack):
    """Defines the group for a temporary environment: it is deleted with its stack."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        sessions = FeatureGroup(
            self,
            "Sessions",
            schema=SESSIONS,
            online=OnlineStore.in_memory(
                encryption_key=stores.key, time_to_live=cdk.Duration.hours(12)
            ),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        cdk.CfnOutput(self, "FeatureGroupName", value=sessions.feature_group_name)
