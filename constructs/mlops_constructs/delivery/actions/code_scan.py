"""Actions that scan code and images for vulnerabilities."""

from dataclasses import dataclass

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_ecr as ecr
from constructs import IConstruct

from mlops_constructs._environment import environment_of
from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import Permission, image_pull_permissions
from mlops_constructs.delivery.pipeline_action import PipelineAction

SCAN_OUTPUT = "ScanOutput"
"""Name of the artifact that holds the software bill of materials and the findings."""


@dataclass(frozen=True, kw_only=True)
class ScanThresholds:
    """Defines the number of vulnerabilities of each severity at which a scan fails.

    Args:
        critical: number of critical vulnerabilities, 1 or more; None never fails. Defaults to 1.
        high: number of high vulnerabilities, 1 or more; None never fails. Defaults to 1.
        medium: number of medium vulnerabilities, 1 or more. Defaults to None: any number passes.
        low: number of low vulnerabilities, 1 or more. Defaults to None: any number passes.

    Raises:
        ValueError: if a number is less than 1, since no scan could pass.
    """

    critical: int | None = 1
    high: int | None = 1
    medium: int | None = None
    low: int | None = None

    def __post_init__(self) -> None:
        problems = Problems("ScanThresholds")
        for severity in ("critical", "high", "medium", "low"):
            number = getattr(self, severity)
            if is_known(number) and number < 1:
                problems.add(
                    f"{severity}: got {number}; allowed are 1 or more, or None for any number"
                )
        problems.raise_if_any()


def source_scan_action(
    scope: IConstruct,
    *,
    pipeline_name: str,
    source: codepipeline.Artifact,
    thresholds: ScanThresholds | None = None,
    run_order: int = 1,
) -> PipelineAction:
    """Creates an action that scans the dependencies of the source with Amazon Inspector.

    Amazon Inspector must be activated in the account. It scans dependencies only; ruff and bandit
    check the code itself in the seed's `buildspecs/test.yml`. (Amazon CodeGuru Security, which
    scanned code, has been discontinued.)

    Args:
        scope: a construct in the account and region of the pipeline.
        pipeline_name: name of the pipeline, which is part of the log group's name.
        source: artifact with the repository's files.
        thresholds: numbers of vulnerabilities that fail the action. Defaults to None: one critical
            or high vulnerability fails it.
        run_order: position among the stage's actions, 1 to 999. Defaults to 1.

    Source: AWS CodePipeline User Guide, "Amazon Inspector InspectorScan invoke action reference".

    Example:
        ```python
        code = cdk.aws_codepipeline.Artifact("Code")
        source_scan_action(stack, pipeline_name="churn", source=code)
        ```
    """
    limits = thresholds or ScanThresholds()
    action = actions.InspectorSourceCodeScanAction(
        action_name="ScanSource",
        input=source,
        output=codepipeline.Artifact(SCAN_OUTPUT),
        critical_threshold=limits.critical,
        high_threshold=limits.high,
        medium_threshold=limits.medium,
        low_threshold=limits.low,
        run_order=run_order,
    )
    return PipelineAction(action=action, permissions=_scan_permissions(scope, pipeline_name))


def image_scan_action(
    *,
    repository: ecr.IRepository,
    tag: str,
    pipeline_name: str,
    thresholds: ScanThresholds | None = None,
    run_order: int = 1,
) -> PipelineAction:
    """Creates an action that scans an image that an earlier action pushed, with Amazon Inspector.

    Args:
        repository: ECR repository of the image.
        tag: tag of the image, such as a pipeline variable with the commit id.
        pipeline_name: name of the pipeline, which is part of the log group's name.
        thresholds: numbers of vulnerabilities that fail the action. Defaults to None: one critical
            or high vulnerability fails it.
        run_order: position among the stage's actions, 1 to 999. Defaults to 1.
    """
    limits = thresholds or ScanThresholds()
    action = actions.InspectorEcrImageScanAction(
        action_name="ScanImage",
        repository=repository,
        image_tag=tag,
        output=codepipeline.Artifact(f"{SCAN_OUTPUT}OfImage"),
        critical_threshold=limits.critical,
        high_threshold=limits.high,
        medium_threshold=limits.medium,
        low_threshold=limits.low,
        run_order=run_order,
    )
    pull = image_pull_permissions(repository)
    return PipelineAction(
        action=action, permissions=[*pull, *_scan_permissions(repository, pipeline_name)]
    )


def _scan_permissions(scope: IConstruct, pipeline_name: str) -> list[Permission]:
    return [
        Permission(
            actions=["inspector-scan:ScanSbom"],
            resources=["*"],
            because="the action does not support resource-level permissions",
        ),
        managed_compute_log(scope, pipeline_name),
    ]


def managed_compute_log(scope: IConstruct, pipeline_name: str) -> Permission:
    """Returns the permission of CodePipeline's managed compute to write to its log group.

    The log group is /aws/codepipeline/PIPELINE.
    """
    log_group = environment_of(scope).arn(
        service="logs",
        resource="log-group",
        name=f"/aws/codepipeline/{pipeline_name}",
        separator=":",
    )
    return Permission(
        actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        resources=[log_group, f"{log_group}:*"],
        because="CodePipeline creates one log stream for each action execution",
    )
