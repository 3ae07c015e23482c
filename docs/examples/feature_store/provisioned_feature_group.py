"""A feature group with provisioned throughput, and Parquet files with an existing Glue table.

Use it for steady, known traffic, for which provisioned capacity is cheaper than on-demand, and for
a Data Catalog that another team maintains: SageMaker only writes the files of the table.
"""

from typing import Any

import aws_cdk as cdk
from constructs import Construct
from stores import Stores

from mlops_constructs.feature_store import (
    CatalogTable,
    Feature,
    FeatureGroup,
    FeatureSchema,
    OfflineStore,
    OnlineStore,
    Throughput,
)


class ProvisionedFeatureGroup(cdk.Stack):
    """Defines the group, and a metric of throttled requests for alarms."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        orders = FeatureGroup(
            self,
            "Orders",
            schema=FeatureSchema(
                features=[
                    Feature.string("order_id"),
                    Feature.string("event_time"),
                    Feature.fractional("amount"),
                ],
                record_identifier="order_id",
                event_time="event_time",
            ),
            online=OnlineStore.standard(encryption_key=stores.key),
            offline=OfflineStore.glue(
                stores.bucket, table=CatalogTable.existing(database="lake", table="orders")
            ),
            throughput=Throughput.provisioned(read_capacity_units=100, write_capacity_units=20),
            tags={"cost-centre": "4711"},
        )
        throttled = orders.metric_throttled_requests("PutRecord")
        cdk.CfnOutput(self, "FeatureGroupName", value=orders.feature_group_name)
        cdk.CfnOutput(self, "ThrottlingMetric", value=throttled.metric_name)
