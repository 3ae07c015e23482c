"""Monthly cost budgets of a project and of SageMaker, with notifications."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_constructs import monitoring


class CostBudget(cdk.Stack):
    """Defines a budget of a project, and a budget of all SageMaker costs in the account."""

    def __init__(self, scope: Construct, construct_id: str, **options: Any) -> None:
        super().__init__(scope, construct_id, **options)
        # A dedicated topic, because the budgets set its policy and that of its key.
        key = kms.Key(
            self,
            "Key",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        # The tag must be active as cost allocation tag in Billing and Cost Management.
        project = monitoring.CostBudget(
            self,
            "Project",
            monthly_limit=500,
            cost_filters=monitoring.CostFilters.of_project("churn"),
            topic=topic,
            email_addresses=["owner@example.com"],
        )
        monitoring.CostBudget(
            self,
            "SageMaker",
            monthly_limit=2000,
            cost_filters=monitoring.CostFilters.of_services("Amazon SageMaker"),
            thresholds=[
                monitoring.BudgetThreshold.actual(50),
                monitoring.BudgetThreshold.forecasted(100),
            ],
            topic=topic,
        )
        cdk.CfnOutput(self, "BudgetName", value=project.budget_name)
        cdk.CfnOutput(self, "TopicArn", value=topic.topic_arn)
