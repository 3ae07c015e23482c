"""Adapter components: fine-tuned parts of a model that another component serves."""

import hashlib

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems
from mlops_constructs.access import Permission, RolePolicies
from mlops_constructs.hosting._names import name_problems
from mlops_constructs.hosting._permissions import grant
from mlops_constructs.hosting.endpoint.serving_metrics import MetricOptions

from .inference_component_base import InferenceComponentBase

_ARCHIVE = ".tar.gz"
_BASE_HASH_LENGTH = 8


class AdapterComponent(InferenceComponentBase):
    """An adapter on a base component; `InferenceComponent.adapter` creates and documents it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        base: InferenceComponentBase,
        artifact_bucket: s3.IBucket,
        artifact_key: str,
        inference_component_name: str | None,
    ) -> None:
        super().__init__(scope, construct_id, physical_name=inference_component_name)
        problems = Problems(f"InferenceComponent.adapter {self.node.path}")
        problems.extend(region_problems(self, "AWS::SageMaker::InferenceComponent"))
        problems.extend(name_problems("inference_component_name", inference_component_name))
        problems.extend(_base_problems(base, inference_component_name))
        if is_known(artifact_key) and not artifact_key.endswith(_ARCHIVE):
            problems.add(
                f"artifact_key: got {artifact_key!r}; allowed is one gzip-compressed tar archive, "
                f"whose key ends in {_ARCHIVE}"
            )
        problems.raise_if_any()

        suffix = _base_hash(base)
        name = inference_component_name or self._generated_name(suffix)
        component = sagemaker.CfnInferenceComponent
        # Without variant and copies: an adapter is placed with the copies of its base.
        resource = component(
            self,
            "Resource",
            endpoint_name=base.endpoint.endpoint_name,
            inference_component_name=name,
            specification=component.InferenceComponentSpecificationProperty(
                base_inference_component_name=base.inference_component_name,
                container=component.InferenceComponentContainerSpecificationProperty(
                    artifact_url=artifact_bucket.s3_url_for_object(artifact_key)
                ),
            ),
        )
        if inference_component_name is None:
            self._replace_with(resource, suffix)
        # The base's name is no reference. Only its resource: an adapter may be defined below it.
        if base.node.default_child is not None:
            resource.node.add_dependency(base.node.default_child)
        self.inference_component_name = name
        self.inference_component_arn = resource.ref
        self.endpoint_arn = base.endpoint_arn
        self.endpoint = base.endpoint
        self.roles = base.roles
        self.is_adapter = True
        for number, role in enumerate(base.roles):
            grant(role, _reading(artifact_bucket, artifact_key))
            policies = RolePolicies(self, f"RolePolicies{number}", role=role)
            resource.node.add_dependency(policies)

    def _of_containers(self, metric_name: str, options: MetricOptions) -> cloudwatch.Metric:
        raise ValueError(
            f"InferenceComponent.adapter {self.node.path} metric: got {metric_name} of an adapter, "
            "which reserves no resources; use the metric of its base component"
        )


def _base_hash(base: InferenceComponentBase) -> str | None:
    """Returns a hash of base and endpoint; None if both are named at deployment."""
    names = (base.endpoint.given_name, base.inference_component_name)
    known = [name for name in names if name is not None and is_known(name)]
    if not known:
        return None
    return hashlib.sha256("/".join(known).encode()).hexdigest()[:_BASE_HASH_LENGTH]


def _base_problems(base: InferenceComponentBase, name: str | None) -> list[str]:
    """Validates the base component; returns one message per problem.

    Source: BaseInferenceComponentName of SageMaker's API reference.
    """
    found = []
    if base.is_adapter:
        found.append(
            f"base: got {base.node.path}, which is an adapter; allowed is the component of the "
            "adapted model"
        )
    if base.endpoint.hosts_components is False:
        found.append(
            f"base: got a component on {base.endpoint.node.path}, whose variants serve models "
            "themselves; allowed is one on an endpoint with ManagedInstanceScaling"
        )
    if name is not None and name == base.inference_component_name:
        found.append(
            f"inference_component_name: got {name!r}, the name of the base; give another one"
        )
    return found


def _reading(bucket: s3.IBucket, key: str) -> list[Permission]:
    allowed = [Permission(actions=["s3:GetObject"], resources=[bucket.arn_for_objects(key)])]
    if bucket.encryption_key is not None:
        allowed.append(
            Permission(actions=["kms:Decrypt"], resources=[bucket.encryption_key.key_arn])
        )
    return allowed
