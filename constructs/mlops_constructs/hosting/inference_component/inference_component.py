"""Inference components: copies of a model on shared instances."""

import hashlib

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._problems import Problems, is_known, outside
from mlops_constructs._regions import region_problems
from mlops_constructs.hosting._names import name_problems
from mlops_constructs.hosting._permissions import grant, writing_logs
from mlops_constructs.hosting.endpoint.endpoint_base import EndpointBase
from mlops_constructs.hosting.model.model import ModelBase
from mlops_constructs.hosting.rollout._health_alarms import Watched
from mlops_constructs.hosting.rollout.rollout import Rollout
from mlops_constructs.hosting.scaling._scaled_capacity import COPIES, ScaledResource
from mlops_constructs.hosting.scaling.scaling import Scaling
from mlops_constructs.hosting.variant.variant import seconds, timeout_problems

from ._adapter_component import AdapterComponent
from .compute_resource_requirements import ComputeResourceRequirements
from .inference_component_base import InferenceComponentBase
from .scheduling_config import SchedulingConfig

_HOST_HASH_LENGTH = 8


class InferenceComponent(InferenceComponentBase):
    """Defines an inference component: copies of a model on shared instances of an endpoint.

    Several components share the instances; each is invoked by the names of endpoint and component,
    and is scaled and updated independently.

    With `minimum=0` in `scaling` and in the `ManagedInstanceScaling`, the endpoint costs nothing
    while idle. The first request then fails and starts a scale-out; requests fail until an instance
    has started, which takes minutes.

    Args:
        endpoint: endpoint with `ManagedInstanceScaling`.
        model: model of each copy: one container.
        compute: resources that a copy reserves on an instance.
        inference_component_name: name of the component, up to 63 letters, digits and hyphens.
            Defaults to None: a name of the construct path and the endpoint's name: AWS cannot move
            a component to another endpoint, so a renamed endpoint gets new components. With your
            own name, give this construct another id and another name when you rename the endpoint
            or the component.
        copies: initial number of copies, 0 or more. Defaults to None: the minimum of `scaling`, at
            least 1. CloudFormation also applies it at each update of the component; scaling
            continues from there, since components, unlike endpoints, cannot retain their current
            number.
        scaling: automatic scaling of the copies. Defaults to None: their number is fixed.
        rollout: `Rollout.rolling` for replacing copies. Defaults to None: AWS replaces all copies
            at once.
        startup_timeout: time in which the container must pass its first health check, 1 to 60
            minutes. Defaults to None: the default of AWS.
        model_download_timeout: time in which the model data must be downloaded, 1 to 60 minutes.
            Defaults to None: the default of AWS.
        placement: placement of copies on the instances. Defaults to None: AWS decides.
        cache_artifacts: True lets each instance cache the image and the model data for further
            copies. Defaults to None: AWS decides by the instance type.

    Raises:
        ValueError: every problem of the input, in one message.

    Source: CreateInferenceComponent of SageMaker's API reference; "Scale an endpoint to zero
    instances".

    Example:
        ```python
        fleet = ManagedInstanceScaling(
            instance_type="ml.m7i.xlarge", role=role, minimum=0, maximum=2
        )
        InferenceComponent(
            stack,
            "Component",
            endpoint=Endpoint(stack, "Shared", variants=[fleet]),
            model=model,
            compute=ComputeResourceRequirements(minimum_memory_mb=1024, cpu_cores=1),
            scaling=Scaling.between(0, 4, ScalingPolicy.target_concurrency(5)),
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint: EndpointBase,
        model: ModelBase,
        compute: ComputeResourceRequirements,
        inference_component_name: str | None = None,
        copies: int | None = None,
        scaling: Scaling | None = None,
        rollout: Rollout | None = None,
        startup_timeout: cdk.Duration | None = None,
        model_download_timeout: cdk.Duration | None = None,
        placement: SchedulingConfig | None = None,
        cache_artifacts: bool | None = None,
    ) -> None:
        super().__init__(scope, construct_id, physical_name=inference_component_name)
        count = copies if copies is not None else _first_copies(scaling)
        problems = Problems("InferenceComponent", self)
        problems.extend(region_problems(self, "AWS::SageMaker::InferenceComponent"))
        problems.extend(name_problems("inference_component_name", inference_component_name))
        problems.extend(compute.problems())
        problems.extend(_host_problems(endpoint, model))
        problems.extend(_copies_problems(count, scaling))
        problems.extend(
            timeout_problems(
                startup_timeout=startup_timeout, model_download_timeout=model_download_timeout
            )
        )
        if placement is not None:
            problems.extend(placement.problems())
        if rollout is not None:
            problems.extend(rollout.component_problems(copies=count if is_known(count) else None))
        problems.raise_if_any()

        host = _host_hash(endpoint)
        name = inference_component_name or self._generated_name(host)
        if model.role is not None:
            grant(model.role, [writing_logs(self, f"InferenceComponents/{name}")])
        component = sagemaker.CfnInferenceComponent
        resource = component(
            self,
            "Resource",
            endpoint_name=endpoint.endpoint_name,
            variant_name=endpoint.variant_name,
            inference_component_name=name,
            specification=component.InferenceComponentSpecificationProperty(
                model_name=model.model_name,
                compute_resource_requirements=compute.render(),
                startup_parameters=_startup(startup_timeout, model_download_timeout),
                scheduling_config=placement.render() if placement is not None else None,
                data_cache_config=component.InferenceComponentDataCacheConfigProperty(
                    enable_caching=cache_artifacts
                )
                if cache_artifacts is not None
                else None,
            ),
            runtime_config=component.InferenceComponentRuntimeConfigProperty(copy_count=count),
            deployment_config=self._deployment_config(name, rollout),
        )
        if inference_component_name is None:
            self._replace_with(resource, host)
        self.inference_component_name = name
        self.inference_component_arn = resource.ref
        self.endpoint_arn = endpoint.endpoint_arn
        self.endpoint = endpoint
        readers = (model.role, endpoint.fleet_role)
        self.roles = tuple(dict.fromkeys(role for role in readers if role is not None))
        if scaling is not None:
            scope_of_scaling = Construct(self, "Scaling")
            scaling.attach(scope_of_scaling, ScaledResource.component(name))
            # The name is no reference, so CloudFormation requires the order explicitly.
            scope_of_scaling.node.add_dependency(resource)

    @classmethod
    def adapter(
        cls,
        scope: Construct,
        construct_id: str,
        *,
        base: InferenceComponentBase,
        artifact_bucket: s3.IBucket,
        artifact_key: str,
        inference_component_name: str | None = None,
    ) -> InferenceComponentBase:
        """Defines an adapter component: a fine-tuned part, such as LoRA, of a base's model.

        It is invoked by its own name and uses the resources of its base, so it has neither a model
        nor copies nor scaling. The container of the base must support adapters, as AWS's containers
        for large models do. CloudFormation creates the adapter after its base and deletes it
        before; another archive is an update in place.

        Args:
            base: component of the model that the adapter was trained for, on the endpoint of the
                adapter.
            artifact_bucket: bucket of the adapter's archive. The roles of the base's model and of
                its endpoint are allowed to read this archive and to decrypt it with the bucket's
                key: AWS does not document which of the two it uses. An imported base or role gets
                no permissions: grant them yourself.
            artifact_key: key of one gzip-compressed tar archive, `.tar.gz`.
            inference_component_name: name of the adapter, up to 63 letters, digits and hyphens.
                Defaults to None: a name of the construct path, the base and the endpoint, so that
                another base or endpoint gets a new adapter. With your own name, give it another id
                and another name when you move it to another base.

        Raises:
            ValueError: every problem of the input, such as a base that is an adapter.

        Source: InferenceComponentSpecification of SageMaker's API reference; "Fine-tune models with
        adapter inference components".

        Example:
            ```python
            shared = Endpoint.from_endpoint_name(stack, "Shared", "language-models")
            french = InferenceComponent.adapter(
                stack,
                "French",
                base=InferenceComponent.from_inference_component_name(
                    stack, "Base", "language-model", endpoint=shared
                ),
                artifact_bucket=bucket,
                artifact_key="adapters/french.tar.gz",
            )
            french.grant_invoke(role)
            ```
        """
        return AdapterComponent(
            scope,
            construct_id,
            base=base,
            artifact_bucket=artifact_bucket,
            artifact_key=artifact_key,
            inference_component_name=inference_component_name,
        )

    @classmethod
    def from_inference_component_name(
        cls,
        scope: Construct,
        construct_id: str,
        inference_component_name: str,
        *,
        endpoint: EndpointBase,
    ) -> InferenceComponentBase:
        """Imports an inference component of this account and region.

        Args:
            inference_component_name: name of the component.
            endpoint: endpoint through which it is invoked.

        Example:
            ```python
            InferenceComponent.from_inference_component_name(
                stack, "Component", "churn", endpoint=endpoint
            ).grant_invoke(role)
            ```
        """
        return _ImportedInferenceComponent(
            scope,
            construct_id,
            inference_component_name=inference_component_name,
            endpoint=endpoint,
        )

    def _deployment_config(
        self, name: str, rollout: Rollout | None
    ) -> sagemaker.CfnInferenceComponent.InferenceComponentDeploymentConfigProperty | None:
        if rollout is None:
            return None
        alarms = Construct(self, "Rollback")
        watched = [Watched.component(name)]
        return rollout.render_component(rollout.rollback.alarm_names(alarms, watched))


class _ImportedInferenceComponent(InferenceComponentBase):
    """An inference component that another stack or application defines."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        inference_component_name: str,
        endpoint: EndpointBase,
    ) -> None:
        super().__init__(scope, construct_id, physical_name=inference_component_name)
        self.inference_component_name = inference_component_name
        self.endpoint_arn = endpoint.endpoint_arn
        self.endpoint = endpoint
        known = is_known(inference_component_name)
        self.inference_component_arn = cdk.Stack.of(self).format_arn(
            service="sagemaker",
            resource="inference-component",
            # SageMaker writes names in its ARNs in lower case.
            resource_name=inference_component_name.lower() if known else inference_component_name,
        )


def _host_hash(endpoint: EndpointBase) -> str | None:
    """Returns a hash of the endpoint's name; None if CloudFormation generates the name."""
    if endpoint.given_name is None:
        return None
    return hashlib.sha256(endpoint.given_name.encode()).hexdigest()[:_HOST_HASH_LENGTH]


def _first_copies(scaling: Scaling | None) -> int:
    if scaling is None:
        return 1
    return max(scaling.minimum, 1) if is_known(scaling.minimum) else scaling.minimum


def _host_problems(endpoint: EndpointBase, model: ModelBase) -> list[str]:
    """Validates endpoint and model; returns one message per problem.

    Source: CreateInferenceComponent; ProductionVariant of SageMaker's API reference.
    """
    found = []
    if endpoint.hosts_components is False:
        found.append(
            f"endpoint: got {endpoint.node.path}, whose variants serve models themselves; allowed "
            "is one with ManagedInstanceScaling"
        )
    if model.traits.multi_model:
        found.append(
            "model: got a multi-model one; allowed is a model of one archive, since components "
            "share instances themselves"
        )
    if model.traits.containers > 1:
        found.append(
            f"model: got one of {model.traits.containers} containers; a component has one; define "
            "a component for each"
        )
    return found


def _copies_problems(copies: int, scaling: Scaling | None) -> list[str]:
    found = []
    if is_known(copies) and copies < 0:
        found.append(f"copies: got {copies}; allowed is 0 or more")
    if scaling is None:
        if is_known(copies) and copies == 0:
            found.append(
                "copies: got 0 without scaling, which would serve no request; give scaling"
            )
        return found
    found += scaling.problems(COPIES)
    known = is_known(scaling.minimum) and is_known(scaling.maximum)
    if known and not found and outside(copies, scaling.minimum, scaling.maximum):
        found.append(
            f"copies: got {copies}; allowed are {scaling.minimum} to {scaling.maximum}, the bounds "
            "of scaling"
        )
    return found


def _startup(
    startup: cdk.Duration | None, download: cdk.Duration | None
) -> sagemaker.CfnInferenceComponent.InferenceComponentStartupParametersProperty | None:
    if startup is None and download is None:
        return None
    return sagemaker.CfnInferenceComponent.InferenceComponentStartupParametersProperty(
        container_startup_health_check_timeout_in_seconds=seconds(startup),
        model_data_download_timeout_in_seconds=seconds(download),
    )
