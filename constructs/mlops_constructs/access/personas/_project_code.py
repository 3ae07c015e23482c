"""Permissions of a persona on branches with rules."""

from collections.abc import Sequence

import aws_cdk as cdk

from mlops_constructs.access.permission import Permission

from ._project_reach import ProjectReach
from .branch_rule import BranchRule
from .persona import Persona

_REFERENCES = "codecommit:References"
_MERGES = [f"codecommit:MergePullRequestBy{way}" for way in ("FastForward", "Squash", "ThreeWay")]
_CHANGES = [
    "codecommit:CreateBranch",
    "codecommit:CreateCommit",
    "codecommit:CreateUnreferencedMergeCommit",
    "codecommit:DeleteBranch",
    "codecommit:DeleteFile",
    "codecommit:GitPush",
    "codecommit:MergeBranchesByFastForward",
    "codecommit:MergeBranchesBySquash",
    "codecommit:MergeBranchesByThreeWay",
    "codecommit:PutFile",
]


def permissions_on_branches(reach: ProjectReach, persona: Persona) -> list[Permission]:
    """Returns the statements for each branch with a rule."""
    rules = reach.project.branch_rules if reach.project.code_repositories else ()
    found = []
    for rule in rules:
        found.append(_deny(reach, rule, [*_CHANGES, *(() if persona.approves else _MERGES)]))
        if persona.approves:
            found += _review(reach, rule)
    return found


def _review(reach: ProjectReach, rule: BranchRule) -> list[Permission]:
    """Returns permissions to approve pull requests, and to merge them."""
    repository = _repository(reach, rule)
    return [
        Permission(
            actions=[
                "codecommit:EvaluatePullRequestApprovalRules",
                "codecommit:GetPullRequestApprovalStates",
                "codecommit:UpdatePullRequestApprovalState",
            ],
            resources=[repository],
        ),
        Permission(
            actions=_MERGES,
            resources=[repository],
            conditions={"StringEquals": {_REFERENCES: rule.reference}},
        ),
    ]


def _deny(reach: ProjectReach, rule: BranchRule, actions: Sequence[str]) -> Permission:
    # The form that AWS documents. A push begins with a request that names no branch yet, which must
    # be allowed: the next one names it.
    return Permission(
        actions=actions,
        resources=[_repository(reach, rule)],
        conditions={
            "StringEqualsIfExists": {_REFERENCES: [rule.reference]},
            "Null": {_REFERENCES: "false"},
        },
        denied=True,
    )


def _repository(reach: ProjectReach, rule: BranchRule) -> str:
    return cdk.Stack.of(reach.scope).format_arn(
        service="codecommit",
        resource=f"{reach.project.project_name}-{rule.repository}",
        arn_format=cdk.ArnFormat.NO_RESOURCE_NAME,
    )
