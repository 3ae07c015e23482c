"""A feature group for inference and training, with a schema in YAML and a lock in version control.

Use it where features are computed once and used twice: the online store serves the latest record of
a customer within milliseconds, the offline store keeps all records in an Iceberg table for
training. The lock rejects at synth changes that would replace the group with its records.
"""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct
from stores import Stores

from mlops_constructs import feature_store

FOLDER = Path(__file__).parent


class FeatureGroup(cdk.Stack):
    """Defines the group, and policies for inference, ingestion and training."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        customers = feature_store.FeatureGroup(
            self,
            "Customers",
            schema=feature_store.FeatureSchema.from_yaml(FOLDER / "customers.yaml"),
            schema_lock=FOLDER / "customers.lock.json",
            feature_group_name="customers",
            online=feature_store.OnlineStore.standard(
                encryption_key=stores.key, time_to_live=cdk.Duration.days(90)
            ),
            offline=feature_store.OfflineStore.iceberg(
                stores.bucket,
                table=feature_store.CatalogTable.named(database="features", table="customers"),
            ),
        )
        customers.grant_read(iam.ManagedPolicy(self, "ServesFeatures"))
        customers.grant_ingest(iam.ManagedPolicy(self, "WritesFeatures"))
        customers.grant_query_offline(iam.ManagedPolicy(self, "TrainsOnFeatures"))
        cdk.CfnOutput(self, "FeatureGroupName", value=customers.feature_group_name)
