"""Automatic scaling of a variant's instances."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from constructs import Construct

from mlops_constructs._problems import is_known

_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_LONGEST_COOLDOWN_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """How many instances a variant has, and by which metric; made by its static factories."""

    minimum: int
    maximum: int
    invocations_per_instance: float
    scale_in_cooldown: cdk.Duration
    scale_out_cooldown: cdk.Duration

    @staticmethod
    def target_invocations(
        *,
        per_instance: float,
        minimum: int,
        maximum: int,
        scale_in_cooldown: cdk.Duration | None = None,
        scale_out_cooldown: cdk.Duration | None = None,
    ) -> "Scaling":
        """Keeps the invocations that an instance gets in a minute near a target.

        Parameters:
            per_instance: invocations per instance and minute. Measure it with a load test: half of
                what an instance can serve leaves room while new ones start.
            minimum: instances that are always there, at least 1; to zero scale only inference
                components.
            maximum: instances that there may be.
            scale_in_cooldown: rest after instances were removed. Left out: 300 seconds, AWS's own
                default.
            scale_out_cooldown: rest after instances were added. Left out: 300 seconds.

        Source: "Define a scaling policy" of SageMaker's developer guide.

        Example::

            Scaling.target_invocations(per_instance=600, minimum=2, maximum=4)
        """
        return Scaling(
            minimum=minimum,
            maximum=maximum,
            invocations_per_instance=per_instance,
            scale_in_cooldown=scale_in_cooldown or cdk.Duration.seconds(300),
            scale_out_cooldown=scale_out_cooldown or cdk.Duration.seconds(300),
        )

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        found = []
        if is_known(self.minimum) and self.minimum < 1:
            found.append(
                f"scaling minimum: got {self.minimum}; allowed is 1 or more, since only inference "
                "components scale to zero"
            )
        known = is_known(self.minimum) and is_known(self.maximum)
        if known and self.maximum < self.minimum:
            found.append(
                f"scaling maximum: got {self.maximum}; allowed is the minimum "
                f"({self.minimum}) or more"
            )
        if is_known(self.invocations_per_instance) and self.invocations_per_instance <= 0:
            found.append(
                f"scaling per_instance: got {self.invocations_per_instance:g}; allowed is more "
                "than 0 invocations in a minute"
            )
        for name in ("scale_in_cooldown", "scale_out_cooldown"):
            cooldown: cdk.Duration = getattr(self, name)
            if cooldown.is_unresolved():
                continue
            if cooldown.to_seconds() > _LONGEST_COOLDOWN_SECONDS:
                found.append(
                    f"scaling {name}: got {cooldown.to_seconds():g} seconds; allowed are at most "
                    f"{_LONGEST_COOLDOWN_SECONDS}"
                )
        return found

    def attach(self, scope: Construct, *, endpoint_name: str, variant_name: str) -> None:
        """Registers the variant of an endpoint as a scalable target, with its policy.

        No role is given: Application Auto Scaling then uses its service-linked role for SageMaker
        and creates it in an account that has none. (CDK's own ScalableTarget would make a role
        without any right on SageMaker.) Since `endpoint_name` refers to the endpoint, the target
        is registered after the endpoint exists and deregistered before it is deleted.
        """
        target = autoscaling.CfnScalableTarget(
            scope,
            "ScalableTarget",
            service_namespace="sagemaker",
            scalable_dimension=_DIMENSION,
            resource_id=f"endpoint/{endpoint_name}/variant/{variant_name}",
            min_capacity=self.minimum,
            max_capacity=self.maximum,
        )
        autoscaling.CfnScalingPolicy(
            scope,
            "InvocationsPerInstance",
            policy_name="InvocationsPerInstance",
            policy_type="TargetTrackingScaling",
            scaling_target_id=target.ref,
            target_tracking_scaling_policy_configuration=autoscaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=self.invocations_per_instance,
                predefined_metric_specification=autoscaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
                    predefined_metric_type="SageMakerVariantInvocationsPerInstance"
                ),
                scale_in_cooldown=self.scale_in_cooldown.to_seconds(),
                scale_out_cooldown=self.scale_out_cooldown.to_seconds(),
            ),
        )
