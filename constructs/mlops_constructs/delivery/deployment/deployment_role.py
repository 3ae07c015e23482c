"""CloudFormation role that deploys the endpoints of a project."""

from collections.abc import Collection, Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs._attributes import key_arn, role_arn
from mlops_constructs._environment import environment_of
from mlops_constructs._sagemaker_arn import sagemaker_arn
from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.access._job_guard import outside_of, unencrypted_volumes
from mlops_constructs.delivery.project_resources import ProjectResources

from ._kind_permissions import deployed_kinds
from ._monitoring_resources import MonitoringResources, monitoring_permissions
from .stage_kind import ALL_KINDS, StageKind

_SCALING_ROLE_SERVICE = "sagemaker.application-autoscaling.amazonaws.com"
_SCALING_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
_NAMED_BY_DEPLOYMENT = "the deployment names resources PROJECT-STAGE-HASH"

_CREATE_ACTIONS = ("sagemaker:CreateEndpointConfig", "sagemaker:CreateModel")


class DeploymentRole(ServiceRole):
    """Defines the role with which CloudFormation creates and updates a project's endpoints.

    The role covers models, endpoint configurations, endpoints, their scaling and their alarms, with
    names that start with the project's name. It cannot create roles. It can pass
    `model_execution_role` only, and to SageMaker only. A template with any other resource fails. It
    denies an endpoint whose volumes are not encrypted with the project's key, and a model outside
    of the project's network, if there is one.

    Args:
        project: names and stores of the project.
        model_execution_role: role of the deployed models.
        stage: the only stage that the role deploys. Defaults to None: every stage of the project.
        key_aliases: ARNs of aliases of the project's key that a request can name instead of the
            key. Defaults to (): none.
        role_name: name of the role, where another account refers to it. Defaults to None:
            CloudFormation generates it.
        monitoring: roles and queue of monitors, which the role can then deploy: schedules that
            Scheduler starts with this role, monitoring schedules, combined alarms and dashboards.
            Defaults to None: no monitors.
        kinds: kinds that the stages may have, from which the permissions follow. Defaults to all
            kinds.
        further: further permissions, such as that to read parameters. Defaults to (): none.
        from_packages: False for a stage in another region, whose models are created from copies.
            Defaults to True: models are created from packages of the project.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: ProjectResources,
        model_execution_role: iam.IRole,
        stage: str | None = None,
        key_aliases: Sequence[str] = (),
        role_name: str | None = None,
        monitoring: MonitoringResources | None = None,
        kinds: Collection[StageKind] = ALL_KINDS,
        further: Sequence[Permission] = (),
        from_packages: bool = True,
    ) -> None:
        # Without a stage, the endpoints are PROJECT-STAGE; with one, PROJECT-STAGE and more.
        name = project.project_name if stage is None else project.stage_name(stage)
        endpoints = [f"{name}-*", *([] if stage is None else [name])]
        super().__init__(
            scope,
            construct_id,
            service="cloudformation.amazonaws.com",
            description="CloudFormation: deploys the endpoints of one project",
            role_name=role_name,
            permissions=[
                *_hosting(scope, name, endpoints),
                *(_from_packages(scope, project) if from_packages else ()),
                Permission(
                    actions=["iam:PassRole"],
                    resources=[role_arn(model_execution_role)],
                    conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
                ),
                *_scaling(scope),
                *_alarms(scope, name, endpoints),
                *deployed_kinds(scope, kinds, name=name, endpoints=endpoints),
                *_key(project),
                *(
                    []
                    if monitoring is None
                    else [
                        *monitoring_permissions(
                            scope, name, [_alarm_arn(scope, f"{name}-*")], monitoring
                        ),
                        _encrypt_schedules(scope, [key_arn(project.artifacts.key)]),
                    ]
                ),
                *further,
                *_guard(project, key_aliases),
            ],
        )


def _guard(project: ProjectResources, key_aliases: Sequence[str]) -> list[Permission]:
    """Denies volumes without the project's key, and models outside of its network."""
    network = project.network
    return [
        *unencrypted_volumes([key_arn(project.artifacts.key), *key_aliases], _CREATE_ACTIONS),
        *(outside_of(network, _CREATE_ACTIONS) if network is not None else ()),
    ]


def _from_packages(scope: Construct, project: ProjectResources) -> list[Permission]:
    # IAM evaluates CreateModel from a model package on the package as well.
    return [
        Permission(
            actions=["sagemaker:CreateModel", "sagemaker:DescribeModelPackage"],
            resources=project.model_packages(scope)[1:],
            because=_NAMED_BY_DEPLOYMENT,
        )
    ]


def _hosting(scope: Construct, name: str, endpoint_names: Sequence[str]) -> list[Permission]:
    models = sagemaker_arn(scope, "model", f"{name}-*")
    configs = sagemaker_arn(scope, "endpoint-config", f"{name}-*")
    endpoints = [sagemaker_arn(scope, "endpoint", one) for one in endpoint_names]

    def allow(resources: list[str], *actions: str) -> Permission:
        return Permission(
            actions=[f"sagemaker:{action}" for action in actions],
            resources=resources,
            because=_NAMED_BY_DEPLOYMENT,
        )

    return [
        allow([models], "CreateModel", "DeleteModel", "DescribeModel"),
        allow([configs], "CreateEndpointConfig", "DeleteEndpointConfig", "DescribeEndpointConfig"),
        allow(
            endpoints,
            "DeleteEndpoint",
            "DescribeEndpoint",
            "UpdateEndpointWeightsAndCapacities",
        ),
        # IAM evaluates both on the endpoint and on its configuration.
        allow([*endpoints, configs], "CreateEndpoint", "UpdateEndpoint"),
        allow([models, configs, *endpoints], "AddTags", "DeleteTags", "ListTags"),
    ]


def _scaling(scope: Construct) -> list[Permission]:
    stack = environment_of(scope)
    targets = stack.arn(service="application-autoscaling", resource="scalable-target", name="*")
    linked_role = stack.arn(
        service="iam",
        region="",
        resource="role",
        name=f"aws-service-role/{_SCALING_ROLE_SERVICE}/{_SCALING_ROLE}",
    )
    service = "application-autoscaling"
    return [
        Permission(
            actions=[
                f"{service}:DeleteScalingPolicy",
                f"{service}:DeleteScheduledAction",
                f"{service}:DeregisterScalableTarget",
                f"{service}:PutScalingPolicy",
                f"{service}:PutScheduledAction",
                f"{service}:RegisterScalableTarget",
            ],
            resources=[targets],
            conditions={"StringEquals": {f"{service}:service-namespace": "sagemaker"}},
            because="AWS generates the id at the end of a scalable target's ARN",
        ),
        Permission(
            actions=[
                f"{service}:ListTagsForResource",
                f"{service}:TagResource",
                f"{service}:UntagResource",
            ],
            resources=[targets],
            because="AWS generates the id at the end of a scalable target's ARN",
        ),
        Permission(
            actions=[
                f"{service}:DescribeScalableTargets",
                f"{service}:DescribeScalingActivities",
                f"{service}:DescribeScalingPolicies",
                f"{service}:DescribeScheduledActions",
                "cloudwatch:GetMetricData",
            ],
            resources=["*"],
            because="these actions do not support resource-level permissions",
        ),
        Permission(
            actions=["iam:CreateServiceLinkedRole"],
            resources=[linked_role],
            conditions={"StringEquals": {"iam:AWSServiceName": _SCALING_ROLE_SERVICE}},
        ),
    ]


def _alarms(scope: Construct, name: str, endpoint_names: Sequence[str]) -> list[Permission]:
    return [
        Permission(
            actions=[
                "cloudwatch:DeleteAlarms",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:ListTagsForResource",
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:TagResource",
                "cloudwatch:UntagResource",
            ],
            resources=[
                _alarm_arn(scope, f"{name}-*"),
                # Target tracking creates its alarms with the caller's permissions.
                *(
                    _alarm_arn(
                        scope,
                        f"TargetTracking-endpoint/{one if one.endswith('*') else f'{one}/*'}",
                    )
                    for one in endpoint_names
                ),
            ],
            because=_NAMED_BY_DEPLOYMENT,
        )
    ]


def _alarm_arn(scope: Construct, alarm_name: str) -> str:
    return environment_of(scope).arn(
        service="cloudwatch",
        resource="alarm",
        name=alarm_name,
        separator=":",
    )


def _encrypt_schedules(scope: Construct, keys: Sequence[str]) -> Permission:
    """Returns the permission to encrypt schedules.

    Source: "Encryption at rest in EventBridge Scheduler", permissions of the caller.
    """
    return Permission(
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=keys,
        conditions={
            "StringEquals": {
                "kms:ViaService": f"scheduler.{environment_of(scope).region}.amazonaws.com"
            }
        },
    )


def _key(project: ProjectResources) -> list[Permission]:
    key = key_arn(project.artifacts.key)
    return [
        Permission(actions=["kms:DescribeKey"], resources=[key]),
        # SageMaker encrypts the endpoint's volumes with the key through a grant.
        Permission(
            actions=["kms:CreateGrant"],
            resources=[key],
            conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ]
