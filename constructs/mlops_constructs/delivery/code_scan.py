"""Actions that look for vulnerabilities, in code and in images."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_ecr as ecr
from constructs import IConstruct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import image_pull_permissions
from mlops_constructs.access.service_role import Permission

from .pipeline_action import PipelineAction

SCAN_OUTPUT = "ScanOutput"
"""Name of the artifact that holds the software bill of materials and the findings."""


@dataclass(frozen=True, kw_only=True)
class ScanThresholds:
    """Defines from how many vulnerabilities of a severity on a scan fails.

    Args:
        critical: critical ones. Default: 1.
        high: high ones. Default: 1.
        medium: medium ones. Default: any number passes.
        low: low ones. Default: any number passes.

    Raises ValueError for a number below one: a scan could never pass.
    """

    critical: int | None = 1
    high: int | None = 1
    medium: int | None = None
    low: int | None = None

    def __post_init__(self) -> None:
        problems = Problems("the thresholds of a scan")
        for severity in ("critical", "high", "medium", "low"):
            number = getattr(self, severity)
            if is_known(number) and number < 1:
                problems.add(
                    f"{severity} is {number}; allowed is 1 or more, or None for any number"
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
    """Scans the dependencies that the source names, with Amazon Inspector.

    CodeGuru, which once did this, is closed. Inspector has to be activated in the account. What it
    does not look at, the code itself, ruff and bandit read in the seed's `buildspecs/test.yml`.

    Args:
        scope: tells account and region.
        pipeline_name: name of the pipeline, which is part of the log group's name.
        source: artifact with the repository's files.
        thresholds: what fails. Default: one critical or high vulnerability.
        run_order: place among the stage's actions.

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
    """Scans an image that an earlier action has pushed, with Amazon Inspector.

    Args:
        repository: where the image is.
        tag: its tag; a variable of the pipeline such as the commit id.
        pipeline_name: name of the pipeline, which is part of the log group's name.
        thresholds: what fails. Default: one critical or high vulnerability.
        run_order: place among the stage's actions.
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
            because="the action has no resource level in the authorisation reference",
        ),
        managed_compute_log(scope, pipeline_name),
    ]


def managed_compute_log(scope: IConstruct, pipeline_name: str) -> Permission:
    """Lets actions that CodePipeline itself runs write to /aws/codepipeline/PIPELINE."""
    log_group = cdk.Stack.of(scope).format_arn(
        service="logs",
        resource="log-group",
        resource_name=f"/aws/codepipeline/{pipeline_name}",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    return Permission(
        actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        resources=[log_group, f"{log_group}:*"],
        because="CodePipeline names one log stream for each action execution",
    )
