"""A model registry for deployments in other accounts: the account that deploys.

Use it with `cross_account_registry`, in the account that it refers to: the bus receives approval
events only from the account of the registry, and a policy allows to read versions there and to
create models from them.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct
from stores import Stores

from mlops_constructs.model_registry import (
    ApprovalDeadLetterQueue,
    ApprovalEventBus,
    ModelPackageGroup,
)

REGISTRY = "444444444444"


class DeploymentAccount(cdk.Stack):
    """Defines the bus, the target of approval events, and the permission to deploy."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        bus = ApprovalEventBus(
            self,
            "Approvals",
            registry_accounts=[REGISTRY],
            event_bus_name="model-approvals",
            encryption_key=stores.key,
        )
        undelivered = ApprovalDeadLetterQueue(self, "Undelivered", encryption_key=stores.key)
        bus.on_approval(
            "Notify",
            model_package_group_name="churn-shared",
            target=targets.SnsTopic(stores.topic, dead_letter_queue=undelivered),
        )
        group = ModelPackageGroup.from_model_package_group_arn(
            self,
            "Churn",
            self.format_arn(
                service="sagemaker",
                resource="model-package-group",
                resource_name="churn-shared",
                account=REGISTRY,
            ),
        )
        group.grant_deploy(iam.ManagedPolicy(self, "Deploys"))
        cdk.CfnOutput(self, "EventBusArn", value=bus.event_bus_arn)
