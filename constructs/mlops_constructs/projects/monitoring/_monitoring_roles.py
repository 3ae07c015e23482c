"""Roles and queue with which the monitors of a project's stages run."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs._attributes import key_arn, role_arn
from mlops_constructs._dead_letter_queue import DeadLetterQueue
from mlops_constructs._environment import inherit
from mlops_constructs._job_permissions import use_keys, write_logs
from mlops_constructs._sagemaker_arn import sagemaker_arn
from mlops_constructs.access import PROJECT_TAG, Permission, ServiceRole
from mlops_constructs.access._job_guard import (
    outside_of,
    unencrypted_outputs,
    unencrypted_traffic,
    unencrypted_volumes,
)
from mlops_constructs.access._network_interfaces import network_interface_permissions
from mlops_constructs.delivery import ProjectResources, StageTarget
from mlops_constructs.delivery.deployment._kind_permissions import starting_batch
from mlops_constructs.delivery.deployment._monitoring_resources import MonitoringResources
from mlops_constructs.monitoring.monitors._analysis_type import ANALYSIS_TYPES
from mlops_constructs.monitoring.monitors._monitor_role import (
    NAMESPACE,
    PULL,
    merger_account,
    merger_repository_arn,
    put_metrics,
)

TRAFFIC_PREFIX, LABELS_PREFIX, REPORTS_PREFIX = "capture/", "ground-truth/", "monitoring/"
"""Prefixes of captured traffic, of actual labels and of reports in the bucket of a stage."""
BASELINES_PREFIX = "runs/"
"""Prefix of baselines in the bucket of the project."""
BATCH_PREFIXES = ("batch/capture/", "batch/input/", "batch/predictions/")
"""Prefixes of the files of transform jobs, and of the manifests that list them."""

_CREATE = "sagemaker:CreateProcessingJob"
_OF_THE_REGION = "a template does not know the account of AWS's images in its region"
_NAMES = "the monitor and the id of an invocation make the name of a run; the tag is required"


class MonitoringRoles(Construct):
    """Defines the roles and the queue of the monitors of stages in one account.

    * The role of runs reads captured traffic, actual labels, baselines and models, writes reports,
      and publishes metrics in the namespaces of monitors.
    * The role of EventBridge Scheduler starts processing jobs with the tag of the project and the
      role of runs, and nothing else. Jobs without the project's key, without encrypted traffic or
      outside of its network are denied.

    The role of runs also pulls AWS's image that merges labels for Model Monitor, in regions that
    have it; a `DriftMonitor` merges them itself.

    Args:
        project: names, stores and network of the stages.
        stored: permissions to read baselines and models, and to pull the image.
        prefixes: prefixes of the bucket that runs read in addition to traffic, labels and reports.
            Defaults to (): none.
        key_aliases: ARNs of aliases of the project's key that a request can name instead of the
            key. Defaults to (): none.
        target: names of the resources, which another account refers to. Defaults to None:
            CloudFormation generates them.
        batch_models: pattern of the names of models whose transform jobs the role of EventBridge
            Scheduler starts as well; runs then read the files of the jobs. Defaults to None: no
            stage has the kind `batch`.

    Attributes:
        resources: the roles and the queue.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: ProjectResources,
        stored: Sequence[Permission],
        prefixes: Sequence[str] = (),
        key_aliases: Sequence[str] = (),
        target: StageTarget | None = None,
        batch_models: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        inherit(self, scope)
        self._project, self._aliases = project, key_aliases
        queue = DeadLetterQueue(self, "NotStarted", queue_name=_name(target, "queue"))
        role = ServiceRole(
            self,
            "RunRole",
            service="sagemaker.amazonaws.com",
            description="SageMaker: compares the traffic of a project's models with baselines",
            role_name=_name(target, "role"),
            permissions=self._run(
                stored, [*prefixes, *(BATCH_PREFIXES if batch_models is not None else ())]
            ),
        )
        starter = ServiceRole(
            self,
            "StarterRole",
            service="scheduler.amazonaws.com",
            description="EventBridge Scheduler: starts the monitors and batch jobs of one project",
            role_name=_name(target, "starter"),
            permissions=[*self._start(role, queue.queue_arn), *self._start_batch(batch_models)],
        )
        self.resources = MonitoringResources(
            role=role, starter_role=starter, dead_letter_queue=queue
        )

    def _run(self, stored: Sequence[Permission], prefixes: Sequence[str]) -> list[Permission]:
        artifacts, network = self._project.artifacts, self._project.network
        published = [
            kind.namespace(of_endpoint=of_endpoint)
            for kind in ANALYSIS_TYPES.values()
            for of_endpoint in (True, False)
        ]
        joining = (
            []
            if network is None
            else network_interface_permissions(
                self, subnet_ids=network.subnet_ids, security_group_ids=network.security_group_ids
            )
        )
        return [
            *artifacts.read(TRAFFIC_PREFIX, LABELS_PREFIX, REPORTS_PREFIX, *prefixes),
            *artifacts.write(REPORTS_PREFIX),
            *use_keys([artifacts.key]),
            *stored,
            *self._pull_merger(),
            *put_metrics([NAMESPACE, *published, *(f"/{one}" for one in published)]),
            *write_logs(self),
            *joining,
        ]

    def _pull_merger(self) -> list[Permission]:
        account = merger_account(self)
        if account is None:
            return []
        repository = merger_repository_arn(self, account=account)
        return [Permission(actions=PULL, resources=[repository], because=_OF_THE_REGION)]

    def _start(self, role: iam.IRole, queue_arn: str) -> list[Permission]:
        jobs = [sagemaker_arn(self, "processing-job", "*")]
        tagged = {f"aws:RequestTag/{PROJECT_TAG}": self._project.project_name}
        keys = [key_arn(self._project.artifacts.key), *self._aliases]
        network = self._project.network
        return [
            Permission(
                actions=[_CREATE],
                resources=jobs,
                conditions={"StringEquals": tagged},
                because=_NAMES,
            ),
            Permission(
                actions=["sagemaker:AddTags"],
                resources=jobs,
                conditions={
                    "StringEquals": {**tagged, "sagemaker:TaggingAction": "CreateProcessingJob"}
                },
                because=_NAMES,
            ),
            Permission(
                actions=["iam:PassRole"],
                resources=[role_arn(role)],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            ),
            Permission(actions=["sqs:SendMessage"], resources=[queue_arn]),
            *use_keys([self._project.artifacts.key]),
            *unencrypted_volumes(keys, [_CREATE]),
            *unencrypted_outputs(keys, [_CREATE]),
            *unencrypted_traffic([_CREATE]),
            *(outside_of(network, [_CREATE]) if network is not None else ()),
        ]

    def _start_batch(self, models: str | None) -> list[Permission]:
        if models is None:
            return []
        keys = [key_arn(self._project.artifacts.key), *self._aliases]
        return starting_batch(self, models=models, keys=keys)

    def keep(self, removal_policy: cdk.RemovalPolicy) -> None:
        """Applies a removal policy: schedules of a stage outlive its project with these roles.

        Args:
            removal_policy: the policy.
        """
        cdk.RemovalPolicies.of(self).apply(removal_policy)


def _name(target: StageTarget | None, kind: str) -> str | None:
    if target is None:
        return None
    return {
        "queue": target.monitoring_queue_name,
        "role": target.monitoring_role_name,
        "starter": target.monitoring_starter_role_name,
    }[kind]
