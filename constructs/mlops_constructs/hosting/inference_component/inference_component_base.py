"""What an owned and an imported inference component share: permissions and metrics."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs.hosting._names import LONGEST_NAME
from mlops_constructs.hosting._permissions import INVOKING
from mlops_constructs.hosting.endpoint.endpoint_base import EndpointBase
from mlops_constructs.hosting.endpoint.serving_metrics import MetricOptions, ServingMetrics


class InferenceComponentBase(ServingMetrics):
    """An inference component, its permissions and its metrics."""

    inference_component_name: str
    inference_component_arn: str
    endpoint_arn: str
    endpoint: EndpointBase
    # With which SageMaker reads what the component serves; none where it is imported.
    roles: Sequence[iam.IRole] = ()
    is_adapter: bool = False

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal send requests to the component through its endpoint.

        The answer may come at once or as a stream.
        """
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(INVOKING),
            resource_arns=[self.endpoint_arn, self.inference_component_arn],
        )

    def _dimensions(self, options: MetricOptions) -> Mapping[str, str]:
        if "variant" in options:
            raise ValueError("variant: got one for an inference component, which has none")
        return {"InferenceComponentName": self.inference_component_name}

    def _container_metric(self, metric_name: str) -> tuple[str, str]:
        # CloudWatch has them in percent of what a component reserved, whatever instance it is on.
        return "/aws/sagemaker/InferenceComponents", f"{metric_name}Normalized"

    def _generated_name(self, suffix: str | None) -> str:
        """A name of the construct's place in the app, and of what only a new component can have."""
        ending = f"-{suffix}" if suffix is not None else ""
        longest = LONGEST_NAME - len(ending)
        place = cdk.Names.unique_resource_name(self, max_length=longest, separator="-")
        return f"{place}{ending}"

    def _replace_with(self, resource: sagemaker.CfnInferenceComponent, suffix: str | None) -> None:
        """Makes another suffix another resource.

        No property of its type is create-only: another id alone makes CloudFormation create a
        component instead of asking AWS to move what is there.
        """
        if suffix is not None:
            logical_id = cdk.Stack.of(self).get_logical_id(resource)
            resource.override_logical_id(f"{logical_id}{suffix}")
