"""What an owned and an imported inference component share: permissions and metrics."""

from collections.abc import Mapping

from aws_cdk import aws_iam as iam

from .permissions import INVOKING
from .serving_metrics import MetricOptions, ServingMetrics


class InferenceComponentBase(ServingMetrics):
    """An inference component, its permissions and its metrics."""

    inference_component_name: str
    inference_component_arn: str
    endpoint_arn: str

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
