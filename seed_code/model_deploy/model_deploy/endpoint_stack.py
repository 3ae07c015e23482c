"""The stack of a stage: the approved model behind an endpoint."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct
from mlops_constructs.hosting import (
    CapacitySize,
    DataCapture,
    Endpoint,
    Model,
    ModelSource,
    RealTimeVariant,
    Rollback,
    Rollout,
    Scaling,
    ServerlessVariant,
)
from mlops_constructs.network import Network

from . import settings
from .project import Project


class EndpointStack(cdk.Stack):
    """Deploys one version of a model package group as the endpoint `<project>-<stage>`.

    The stack creates no role: the model runs with the role of the project, so the principal that
    deploys the stack needs no IAM permission except `iam:PassRole` for that role. It has no assets
    and needs no CDK bootstrap.

    Outputs: EndpointName, ModelPackageArn.

    Args:
        scope: parent of the stack.
        construct_id: name of the stage.
        project: resources of the project.
        stage: settings of the stage.
        model_package_arn: ARN of the model package version to deploy.

    Raises:
        ValueError: settings contradict each other, or AWS does not support them; the message lists
            every problem.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: Project,
        stage: settings.StageSettings,
        model_package_arn: str,
    ) -> None:
        name = f"{project.name}-{construct_id}"
        super().__init__(
            scope,
            construct_id,
            stack_name=name,
            description=f"Endpoint {name} of the SageMaker project {project.name}",
            # Rejects assets, so the template deploys to an account without `cdk bootstrap`.
            synthesizer=cdk.BootstraplessSynthesizer(),
            analytics_reporting=False,
        )
        if project.network is not None and stage.kind == "serverless":
            raise ValueError(
                f"config/{construct_id}.yaml: kind: got 'serverless' in a project with a network, "
                "whose models run in a VPC, which SageMaker does not support for serverless "
                "endpoints; allowed: 'real-time'"
            )
        self._project = project
        role = iam.Role.from_role_arn(
            self, "ModelExecutionRole", project.model_execution_role_arn, mutable=False
        )
        model = Model(
            self,
            "Model",
            source=ModelSource.from_package(model_package_arn),
            role=role,
            # Serverless endpoints do not support network isolation.
            network_isolation=stage.kind == "real-time",
            name_prefix=name,
            **self._placed(),
        )
        try:
            endpoint = self._endpoint(name, model, stage)
        except ValueError as error:
            raise ValueError(f"config/{construct_id}.yaml: {error}") from error
        for key, value in self._tags_of(stage).items():
            cdk.Tags.of(self).add(key, value)
        cdk.CfnOutput(self, "EndpointName", value=endpoint.endpoint_name)
        cdk.CfnOutput(self, "ModelPackageArn", value=model_package_arn)

    def _key(self) -> kms.IKey:
        """Returns the key of the stage, which another account names by its alias."""
        arn = self._project.artifact_key_arn
        _, separator, alias = arn.partition(":alias/")
        if separator:
            return kms.Alias.from_alias_name(self, "Key", f"alias/{alias}")
        return kms.Key.from_key_arn(self, "Key", arn)

    def _placed(self) -> dict[str, Any]:
        """Returns the network arguments of the model; none for a project without a network."""
        if self._project.network is None:
            return {}
        ids = self._project.network
        network = Network.from_ids(
            self,
            "Network",
            vpc_id=ids.vpc_id,
            subnet_ids=ids.subnet_ids,
            security_group_ids=ids.security_group_ids,
        )
        return {
            "vpc": network.vpc,
            "subnets": network.subnet_selection,
            "security_groups": network.security_groups,
        }

    def _endpoint(self, name: str, model: Model, stage: settings.StageSettings) -> Endpoint:
        if isinstance(stage, settings.Serverless):
            variant = ServerlessVariant(
                model=model,
                memory_mb=stage.memory_mb,
                max_concurrency=stage.max_concurrency,
                provisioned_concurrency=stage.provisioned_concurrency,
            )
            return Endpoint(self, "Endpoint", endpoint_name=name, variants=[variant])
        key = self._key()
        return Endpoint(
            self,
            "Endpoint",
            endpoint_name=name,
            variants=[
                RealTimeVariant(
                    model=model,
                    instance_type=stage.instance_type,
                    initial_instance_count=stage.instance_count,
                    scaling=_scaling(stage.scaling),
                )
            ],
            encryption_key=key if stage.encrypt_volumes else None,
            data_capture=self._data_capture(stage.capture, key),
            rollout=_rollout(stage.rollout),
        )

    def _data_capture(self, capture: settings.Capture | None, key: kms.IKey) -> DataCapture | None:
        if capture is None:
            return None
        bucket = s3.Bucket.from_bucket_name(self, "Bucket", self._project.artifact_bucket)
        return DataCapture.to_bucket(
            bucket,
            prefix=capture.prefix,
            sampling_percentage=capture.sampling_percentage,
            encryption_key=key,
        )

    def _tags_of(self, stage: settings.StageSettings) -> dict[str, str]:
        return {
            **stage.tags,
            "sagemaker:project-name": self._project.name,
            "sagemaker:project-id": self._project.id,
        }


def _scaling(scaling: settings.Scaling | None) -> Scaling | None:
    if scaling is None:
        return None
    return Scaling.target_invocations(
        per_instance=scaling.invocations_per_instance,
        minimum=scaling.minimum,
        maximum=scaling.maximum,
        scale_in_cooldown=cdk.Duration.seconds(scaling.scale_in_cooldown_seconds),
        scale_out_cooldown=cdk.Duration.seconds(scaling.scale_out_cooldown_seconds),
    )


def _rollout(rollout: settings.Rollout | None) -> Rollout | None:
    if rollout is None:
        return None
    wait = cdk.Duration.minutes(rollout.wait_minutes)
    termination_wait = _minutes(rollout.termination_wait_minutes)
    maximum = _minutes(rollout.maximum_minutes)
    rollback = _rollback(rollout.rollback)
    if rollout.instances is not None:
        size = CapacitySize.instances(rollout.instances)
    else:
        size = CapacitySize.percent(rollout.percent or 0)
    match rollout.strategy:
        case "all-at-once":
            return Rollout.all_at_once(
                baking=wait,
                termination_wait=termination_wait,
                maximum_duration=maximum,
                rollback=rollback,
            )
        case "canary":
            return Rollout.canary(
                size=size,
                wait=wait,
                termination_wait=termination_wait,
                maximum_duration=maximum,
                rollback=rollback,
            )
        case "linear":
            return Rollout.linear(
                step=size,
                wait=wait,
                termination_wait=termination_wait,
                maximum_duration=maximum,
                rollback=rollback,
            )
        case "rolling":
            return Rollout.rolling(
                batch=size, wait=wait, maximum_duration=maximum, rollback=rollback
            )


def _rollback(rollback: settings.Rollback) -> Rollback:
    if not rollback.enabled:
        return Rollback.off()
    latency = rollback.latency_milliseconds
    return Rollback.on_errors(
        share=rollback.error_percentage / 100,
        maximum_latency=None if latency is None else cdk.Duration.millis(latency),
    )


def _minutes(minutes: int | None) -> cdk.Duration | None:
    return None if minutes is None else cdk.Duration.minutes(minutes)
