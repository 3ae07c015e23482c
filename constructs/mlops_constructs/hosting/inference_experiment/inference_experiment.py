"""Inference experiments: shadow tests with a start and an end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._content_name import HASH_LENGTH, name_by_content
from mlops_constructs._endpoint_kind import EndpointKind
from mlops_constructs._instance_type import is_instance_type
from mlops_constructs._job_permissions import use_of_volumes
from mlops_constructs._problems import Problems, is_known, outside
from mlops_constructs._regions import region_problems
from mlops_constructs.access import Permission, RolePolicies, ServiceRole
from mlops_constructs.access._job_guard import unencrypted_volumes
from mlops_constructs.hosting._names import name_problems
from mlops_constructs.hosting._permissions import grant
from mlops_constructs.hosting.endpoint._endpoint_problems import shadow_test_problems
from mlops_constructs.hosting.endpoint.data_capture import DataCapture
from mlops_constructs.hosting.endpoint.endpoint_base import EndpointBase
from mlops_constructs.hosting.model.model import ModelBase
from mlops_constructs.hosting.variant.variant import DEFAULT_VARIANT_NAME

from .experiment_schedule import ExperimentSchedule

_MAX_NAME_LENGTH = 120
_MAX_TEXT_LENGTH = 1024
_SHADOW_NAME = "Shadow"


class DesiredState(StrEnum):
    """States to which an existing experiment can be brought.

    Source: DesiredState of AWS::SageMaker::InferenceExperiment.
    """

    RUNNING = "Running"
    """Starts a scheduled experiment early."""

    COMPLETED = "Completed"
    """Ends it early, as completed."""

    CANCELLED = "Cancelled"
    """Ends it early, as cancelled."""


@dataclass(frozen=True, kw_only=True)
class ExperimentVariant:
    """A model of an experiment, and its instances.

    Args:
        model: model that the variant serves: one container, not a multi-model one.
        instance_type: instance type, for example `ml.m7i.large`; shadow tests do not support Inf1.
        instance_count: number of instances, 1 or more. Defaults to 1.
        name: name of the variant, 1 to 63 letters, digits and hyphens. Defaults to None: for the
            production variant the name of the endpoint's variant, or `AllTraffic`; for the shadow
            variant `Shadow`.

    Source: ModelVariantConfig of SageMaker's API reference.

    Example:
        ```python
        ExperimentVariant(model=model, instance_type="ml.m7i.large", instance_count=2)
        ```
    """

    model: ModelBase
    instance_type: str
    instance_count: int = 1
    name: str | None = None

    def problems(self, parameter: str) -> list[str]:
        """Validates the variant; returns one message per problem.

        Args:
            parameter: name of the parameter in messages.
        """
        found = name_problems("name", self.name)
        if is_known(self.instance_type) and not is_instance_type(self.instance_type):
            found.append(
                f"instance_type: got {self.instance_type!r}; allowed is ml.<family>.<size>, such "
                "as ml.m7i.large"
            )
        if is_known(self.instance_count) and self.instance_count < 1:
            found.append(f"instance_count: got {self.instance_count}; allowed is 1 or more")
        return [f"{parameter} {problem}" for problem in found]

    def render(self) -> sagemaker.CfnInferenceExperiment.ModelVariantConfigProperty:
        """Returns the ModelVariantConfig of an experiment."""
        experiment = sagemaker.CfnInferenceExperiment
        return experiment.ModelVariantConfigProperty(
            model_name=self.model.model_name,
            variant_name=self.name or "",
            infrastructure_config=experiment.ModelInfrastructureConfigProperty(
                infrastructure_type="RealTimeInference",
                real_time_inference_config=experiment.RealTimeInferenceConfigProperty(
                    instance_type=self.instance_type, instance_count=self.instance_count
                ),
            ),
        )


class InferenceExperiment(cdk.Resource):
    """Defines a shadow test with a start and an end.

    The production variant serves every request. SageMaker copies a percentage of the requests to
    the shadow variant, whose responses are not returned to callers, and compares the metrics of
    both. At the end it restores the endpoint. `ShadowVariant` mirrors requests without an end.

    SageMaker updates the endpoint while the experiment starts, runs and ends: do not deploy other
    changes of the endpoint in that time. A change of the endpoint, the role or the key creates
    another experiment under another name; other changes are made in place. Once it runs, AWS
    accepts only changes of the description, the percentage and the end.

    Args:
        production: variant that serves the requests.
        shadow: variant that receives copies.
        endpoint: real-time endpoint with one production variant, on which the experiment runs.
            Defaults to None: SageMaker creates one named `endpoint_name`.
        endpoint_name: name of the endpoint that SageMaker creates, up to 63 letters, digits and
            hyphens. Defaults to None: `endpoint` is required.
        sampling_percentage: percentage of the requests that are copied, 1 to 100. Defaults to 100.
        schedule: start and end. Defaults to None: it starts at the deployment and runs 7 days.
        data_capture: capture of the requests and responses of both variants, without sampling.
            Defaults to None: nothing is captured.
        encryption_key: KMS key of the storage volumes of the instances; local NVMe disks are
            encrypted by their hardware instead. Defaults to None: a key of AWS.
        role: role with which SageMaker reads the models' data, pulls their images and manages the
            endpoint; missing permissions are added, unless it is imported. Defaults to None: a
            least-privilege role; the model of a package and an imported model require a role.
        name_prefix: prefix of the name, up to 109 letters, digits and hyphens, to which a hash is
            appended. Defaults to None: a name of the construct path.
        description: description, up to 1024 characters. Defaults to None: no description.
        desired_state: state to which an existing experiment is brought before its time. Defaults to
            None: the schedule applies.
        status_reason: reason of `desired_state`, up to 1024 characters. Defaults to None: no
            reason.

    Raises:
        ValueError: every problem of the input, in one message.

    Source: CreateInferenceExperiment of SageMaker's API reference; "Shadow tests".

    Example:
        ```python
        InferenceExperiment(
            stack,
            "Experiment",
            endpoint=endpoint,
            production=ExperimentVariant(model=model, instance_type="ml.m7i.large"),
            shadow=ExperimentVariant(
                model=Model.from_model_name(stack, "Candidate", "churn-candidate"),
                instance_type="ml.m7i.large",
            ),
            sampling_percentage=50,
            schedule=ExperimentSchedule(end="2026-12-24T00:00:00Z"),
            role=role,
        )
        ```
    """

    inference_experiment_name: str
    inference_experiment_arn: str
    endpoint_name: str
    production_variant_name: str
    shadow_variant_name: str
    role: iam.IRole

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        production: ExperimentVariant,
        shadow: ExperimentVariant,
        endpoint: EndpointBase | None = None,
        endpoint_name: str | None = None,
        sampling_percentage: int = 100,
        schedule: ExperimentSchedule | None = None,
        data_capture: DataCapture | None = None,
        encryption_key: kms.IKey | None = None,
        role: iam.IRole | None = None,
        name_prefix: str | None = None,
        description: str | None = None,
        desired_state: DesiredState | None = None,
        status_reason: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        serving = endpoint.variant_name if endpoint is not None else DEFAULT_VARIANT_NAME
        production = replace(production, name=production.name or serving)
        shadow = replace(shadow, name=shadow.name or _SHADOW_NAME)
        models = list(dict.fromkeys([production.model, shadow.model]))
        problems = Problems("InferenceExperiment", self)
        problems.extend(region_problems(self, "AWS::SageMaker::InferenceExperiment"))
        problems.extend(
            name_problems(
                "name_prefix", name_prefix, reserve=HASH_LENGTH + 1, max_length=_MAX_NAME_LENGTH
            )
        )
        problems.extend(_endpoint_problems(endpoint, endpoint_name))
        problems.extend(_variant_problems(production, shadow))
        if outside(sampling_percentage, 1, 100):
            problems.add(f"sampling_percentage: got {sampling_percentage}; allowed are 1 to 100")
        problems.extend(schedule.problems() if schedule is not None else [])
        problems.extend(_capture_problems(data_capture))
        problems.extend(_text_problems(description, desired_state, status_reason))
        problems.extend(_role_problems(role, models))
        problems.raise_if_any()

        self.production_variant_name = str(production.name)
        self.shadow_variant_name = str(shadow.name)
        self.endpoint_name = endpoint.endpoint_name if endpoint is not None else endpoint_name or ""
        permissions = [
            *self._on_endpoint(endpoint),
            *self._on_models(models),
            *(use_of_volumes(encryption_key) if encryption_key is not None else []),
        ]
        if role is not None:
            grant(role, permissions)
        self.role = role or ServiceRole(
            self,
            "Role",
            service="sagemaker.amazonaws.com",
            description="SageMaker: runs an inference experiment on an endpoint",
            permissions=[*permissions, *_guard(encryption_key)],
        )
        for hosting_role in dict.fromkeys(one.role for one in models if one.role is not None):
            if data_capture is not None:
                data_capture.grant_write(hosting_role)
            if encryption_key is not None:
                grant(hosting_role, use_of_volumes(encryption_key))
        experiment = sagemaker.CfnInferenceExperiment
        resource = experiment(
            self,
            "Resource",
            # The name is set below: it depends on the other properties.
            name="",
            type="ShadowMode",
            role_arn=self.role.role_arn,
            endpoint_name=self.endpoint_name,
            model_variants=[production.render(), shadow.render()],
            shadow_mode_config=experiment.ShadowModeConfigProperty(
                source_model_variant_name=self.production_variant_name,
                shadow_model_variants=[
                    experiment.ShadowModelVariantConfigProperty(
                        shadow_model_variant_name=self.shadow_variant_name,
                        sampling_percentage=sampling_percentage,
                    )
                ],
            ),
            schedule=schedule.render() if schedule is not None else None,
            data_storage_config=_data_storage(data_capture) if data_capture is not None else None,
            kms_key=encryption_key.key_arn if encryption_key is not None else None,
            description=description,
            desired_state=desired_state,
            status_reason=status_reason,
        )
        longest = _MAX_NAME_LENGTH - HASH_LENGTH - 1
        place = cdk.Names.unique_resource_name(self, max_length=longest, separator="-")
        name_by_content(resource, "Name", name_prefix or place)
        # The experiment uses all roles as soon as it starts: permissions come first.
        roles = [self.role, *(one.role for one in models if one.role is not None)]
        for number, used in enumerate(dict.fromkeys(roles)):
            resource.node.add_dependency(RolePolicies(self, f"RolePolicies{number}", role=used))
        self.inference_experiment_name = resource.ref
        self.inference_experiment_arn = resource.attr_arn

    def _on_endpoint(self, endpoint: EndpointBase | None) -> Iterator[Permission]:
        """Yields permissions to move the endpoint to a configuration with a shadow, and back."""
        stack = cdk.Stack.of(self)
        if endpoint is not None:
            arn = endpoint.endpoint_arn
        else:
            arn = stack.format_arn(
                service="sagemaker", resource="endpoint", resource_name=_in_arn(self.endpoint_name)
            )
            yield Permission(actions=["sagemaker:DeleteEndpoint"], resources=[arn])
        configs = stack.format_arn(
            service="sagemaker", resource="endpoint-config", resource_name="*"
        )
        because = "AWS does not say how it names the configurations of an experiment"
        yield Permission(
            actions=[
                *(["sagemaker:CreateEndpoint"] if endpoint is None else []),
                "sagemaker:UpdateEndpoint",
            ],
            resources=[arn, configs],
            because=because,
        )
        yield Permission(
            actions=["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"],
            resources=[arn],
        )
        yield Permission(
            actions=[
                "sagemaker:CreateEndpointConfig",
                "sagemaker:DeleteEndpointConfig",
                "sagemaker:DescribeEndpointConfig",
            ],
            resources=[configs],
            because=because,
        )

    def _on_models(self, models: Sequence[ModelBase]) -> Iterator[Permission]:
        """Yields permissions to describe the models and to read their data and images."""
        yield Permission(
            actions=["sagemaker:DescribeModel"], resources=[_model_arn(one) for one in models]
        )
        found: list[Permission] = []
        for model in models:
            found += [one for one in model.content_permissions or () if one not in found]
        yield from found


def _guard(key: kms.IKey | None) -> list[Permission]:
    """Denies configurations whose volumes are not encrypted with the experiment's key."""
    if key is None:
        return []
    return unencrypted_volumes([key.key_arn], ["sagemaker:CreateEndpointConfig"])


def _endpoint_problems(endpoint: EndpointBase | None, endpoint_name: str | None) -> list[str]:
    """Validates the endpoint; returns one message per problem.

    Source: "Create a shadow test"; "Shadow tests", exclusions.
    """
    if endpoint is None and endpoint_name is None:
        return ["endpoint: got none, and no endpoint_name for one that SageMaker creates; give one"]
    if endpoint is not None and endpoint_name is not None:
        return ["endpoint, endpoint_name: the latter names a new endpoint; give only one of them"]
    if endpoint is None:
        if endpoint_name == "":
            return ["endpoint_name: got an empty string; give the name of the new endpoint"]
        return name_problems("endpoint_name", endpoint_name)
    found = []
    if endpoint.kind not in (None, EndpointKind.REAL_TIME):
        found.append(
            f"endpoint: got {endpoint.node.path}, which is {endpoint.kind}; allowed is a real-time "
            "one"
        )
    if endpoint.hosts_components:
        found.append(
            f"endpoint: got {endpoint.node.path} with ManagedInstanceScaling, which shadow tests "
            "do not support; allowed is one whose variant serves a model"
        )
    if (endpoint.production_variant_count or 1) > 1:
        found.append(
            f"endpoint: got {endpoint.node.path} with {endpoint.production_variant_count} "
            "production variants; AWS allows one beside a shadow variant"
        )
    return found


def _variant_problems(production: ExperimentVariant, shadow: ExperimentVariant) -> list[str]:
    variants = (production, shadow)
    found = production.problems("production") + shadow.problems("shadow")
    if production.name == shadow.name:
        found.append(
            f"shadow name: got {shadow.name!r}, the name of the production variant; give another"
        )
    return found + shadow_test_problems(
        [one.model for one in variants], [(str(one.name), one.instance_type) for one in variants]
    )


def _capture_problems(data_capture: DataCapture | None) -> list[str]:
    if data_capture is None:
        return []
    found = data_capture.problems()
    if data_capture.sampling_percentage != 100:
        found.append(
            f"data_capture sampling_percentage: got {data_capture.sampling_percentage}; an "
            "experiment captures all requests and responses; remove it"
        )
    if not (data_capture.requests and data_capture.responses):
        found.append(
            "data_capture: got requests or responses disabled; an experiment captures both; keep "
            "their defaults"
        )
    return found


def _text_problems(
    description: str | None, desired_state: DesiredState | None, status_reason: str | None
) -> list[str]:
    found = [
        f"{name}: got {len(text)} characters; allowed are 1 to {_MAX_TEXT_LENGTH}"
        for name, text in (("description", description), ("status_reason", status_reason))
        if text is not None and is_known(text) and not 1 <= len(text) <= _MAX_TEXT_LENGTH
    ]
    if status_reason is not None and desired_state is None:
        found.append(
            "status_reason: requires desired_state, whose reason it is; give that too, or remove "
            "status_reason"
        )
    return found


def _role_problems(role: iam.IRole | None, models: Sequence[ModelBase]) -> list[str]:
    if role is not None:
        return []
    return [
        f"role: got none, and the content of model {model.node.path} is unknown at synthesis; give "
        "a role that can read its data and pull its image (ModelExecutionRole creates one)"
        for model in models
        if model.content_permissions is None
    ]


def _data_storage(
    capture: DataCapture,
) -> sagemaker.CfnInferenceExperiment.DataStorageConfigProperty:
    experiment = sagemaker.CfnInferenceExperiment
    csv, json = list(capture.csv_content_types), list(capture.json_content_types)
    headers = experiment.CaptureContentTypeHeaderProperty(
        csv_content_types=csv or None, json_content_types=json or None
    )
    key = capture.encryption_key
    return experiment.DataStorageConfigProperty(
        destination=capture.bucket.s3_url_for_object(capture.prefix),
        kms_key=key.key_arn if key is not None else None,
        content_type=headers if csv or json else None,
    )


def _model_arn(model: ModelBase) -> str:
    resource = model.node.default_child
    if isinstance(resource, sagemaker.CfnModel):
        return str(resource.ref)
    return cdk.Stack.of(model).format_arn(
        service="sagemaker", resource="model", resource_name=_in_arn(model.model_name)
    )


def _in_arn(name: str) -> str:
    """Returns a name as in ARNs, where SageMaker writes it in lower case."""
    return name.lower() if is_known(name) else name
