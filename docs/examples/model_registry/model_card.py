"""A model card that documents a model for its approval.

Use it for each model whose predictions affect individuals: its purpose, risk, training and
evaluation are where auditors look, and are reviewed like code.
"""

from typing import Any

import aws_cdk as cdk
from constructs import Construct
from stores import Stores

from mlops_constructs import model_registry as registry

CHURN = registry.ModelCardContent(
    model_overview=registry.ModelOverview(
        model_name="churn",
        model_description="The probability that a customer leaves within a month.",
        problem_type="Binary classification",
        algorithm_type="Gradient boosted trees",
        model_owner="Growth",
    ),
    intended_uses=registry.IntendedUses(
        purpose_of_model="Choose whom to offer a better contract.",
        intended_uses="Monthly campaigns; not for prices, not for credit.",
        risk_rating=registry.RiskRating.LOW,
        explanations_for_risk_rating="A wrong prediction costs an offer.",
    ),
    training_details=registry.TrainingDetails(
        objective_function=registry.ObjectiveFunction(
            function=registry.ObjectiveFormula(
                function=registry.ObjectiveDirection.MAXIMIZE, facet="AUC"
            )
        ),
        training_job_details=registry.TrainingJobDetails(
            hyper_parameters=[registry.HyperParameter(name="max_depth", value="6")],
            training_metrics=[registry.TrainingMetric(name="validation:auc", value=0.93)],
        ),
    ),
    evaluation_details=[
        registry.EvaluationDetail(
            name="hold-out of November",
            metric_groups=[
                registry.MetricGroup(
                    name="quality",
                    metric_data=[
                        registry.Metric.number("auc", 0.91),
                        registry.Metric.matrix(
                            "confusion",
                            [[902, 48], [31, 119]],
                            column_names=["stays", "leaves"],
                            row_names=["stayed", "left"],
                        ),
                        registry.Metric.bar_chart(
                            "importance", [0.6, 0.3, 0.1], bars=["contract", "tenure", "charges"]
                        ),
                    ],
                )
            ],
        )
    ],
    additional_information=registry.AdditionalInformation(
        ethical_considerations="Age and gender are not among the features.",
        custom_details={"runbook": "https://wiki.example.com/churn"},
    ),
)


class ModelCard(cdk.Stack):
    """Defines the card with the status of a pending review."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        card = registry.ModelCard(
            self,
            "Churn",
            content=CHURN,
            status=registry.ModelCardStatus.PENDING_REVIEW,
            encryption_key=stores.key,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        cdk.CfnOutput(self, "ModelCardName", value=card.model_card_name)
