"""A model registry for deployments in other accounts: the account of the registry.

Use it where training and production are different accounts. The policy of the group allows the
accounts, the policies of bucket, key and repository allow the deploying accounts, and approval
events are forwarded to the bus of the account that deploys.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from constructs import Construct
from stores import Stores

from mlops_constructs.model_registry import (
    ApprovalDeadLetterQueue,
    ModelPackageGroup,
    RegistrySharing,
)

PRODUCTION, AUDIT = "222222222222", "333333333333"


class CrossAccountRegistry(cdk.Stack):
    """Defines the shared group, and forwards its approval events to production."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        group = ModelPackageGroup(
            self,
            "Churn",
            model_package_group_name="churn-shared",
            sharing=RegistrySharing(read=[AUDIT], deploy=[PRODUCTION]),
        )
        group.share_stores(model_data_bucket=stores.bucket, image_repository=stores.repository)
        bus = self.format_arn(
            service="events",
            resource="event-bus",
            resource_name="model-approvals",
            account=PRODUCTION,
        )
        undelivered = ApprovalDeadLetterQueue(self, "Undelivered", encryption_key=stores.key)
        group.forward_approvals(
            "ToProduction",
            event_bus=events.EventBus.from_event_bus_arn(self, "ProductionBus", bus),
            dead_letter_queue=undelivered,
        )
        cdk.CfnOutput(self, "ModelPackageGroupArn", value=group.model_package_group_arn)
