"""A model package group that sends a notification when a version is approved.

Use it for each model: training registers a version, a reviewer approves it, and the event of the
approval starts the next step.
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct
from stores import Stores

from mlops_constructs import model_registry


class ModelPackageGroup(cdk.Stack):
    """Defines the group, policies to register and approve versions, and the notification."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        group = model_registry.ModelPackageGroup(
            self, "Churn", model_package_group_name="churn-registry"
        )
        group.grant_register(iam.ManagedPolicy(self, "Registers"))
        group.grant_approve(iam.ManagedPolicy(self, "Approves"))
        undelivered = model_registry.ApprovalDeadLetterQueue(
            self, "Undelivered", encryption_key=stores.key
        )
        group.on_approval(
            "Notify", target=targets.SnsTopic(stores.topic, dead_letter_queue=undelivered)
        )
        cdk.CfnOutput(self, "ModelPackageGroupName", value=group.model_package_group_name)
