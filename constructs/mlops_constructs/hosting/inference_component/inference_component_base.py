"""Base of owned and imported inference components: permissions and metrics."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs.hosting._names import MAX_NAME_LENGTH
from mlops_constructs.hosting._permissions import INVOKING
from mlops_constructs.hosting.endpoint.endpoint_base import EndpointBase
from mlops_constructs.hosting.endpoint.serving_metrics import MetricOptions, ServingMetrics


class InferenceComponentBase(ServingMetrics):
    """Base of an owned and an imported inference component: its permissions and metrics.

    Attributes:
        inference_component_name: name of the component.
        inference_component_arn: ARN of the component.
        endpoint_arn: ARN of its endpoint.
        endpoint: endpoint on which it runs.
        roles: roles with which SageMaker reads its model data; none for an imported component.
        is_adapter: True for an adapter component.
    """

    inference_component_name: str
    inference_component_arn: str
    endpoint_arn: str
    endpoint: EndpointBase
    roles: Sequence[iam.IRole] = ()
    is_adapter: bool = False

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants InvokeEndpoint and InvokeEndpointWithResponseStream for the component.

        Args:
            grantee: principal that calls the component through its endpoint.
        """
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(INVOKING),
            resource_arns=[self.endpoint_arn, self.inference_component_arn],
        )

    def _dimensions(self, options: MetricOptions) -> Mapping[str, str]:
        if "variant" in options:
            raise ValueError(
                f"InferenceComponent {self.node.path} metric: got a variant, which inference "
                "components do not have; remove it"
            )
        return {"InferenceComponentName": self.inference_component_name}

    def _container_metric(self, metric_name: str) -> tuple[str, str]:
        # In percent of the reservation of the component, whatever its instance is.
        return "/aws/sagemaker/InferenceComponents", f"{metric_name}Normalized"

    def _generated_name(self, suffix: str | None) -> str:
        """Returns a name of the construct path and a suffix that only a new component changes."""
        ending = f"-{suffix}" if suffix is not None else ""
        longest = MAX_NAME_LENGTH - len(ending)
        place = cdk.Names.unique_resource_name(self, max_length=longest, separator="-")
        return f"{place}{ending}"

    def _replace_with(self, resource: sagemaker.CfnInferenceComponent, suffix: str | None) -> None:
        """Makes another suffix another resource.

        No property of the resource type is create-only: only another logical id makes
        CloudFormation create a new component instead of moving the existing one, which AWS rejects.
        """
        if suffix is not None:
            logical_id = cdk.Stack.of(self).get_logical_id(resource)
            resource.override_logical_id(f"{logical_id}{suffix}")
