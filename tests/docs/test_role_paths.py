"""Paths of roles and managed policies: the path of projects is for roles of projects only.

These are the roles in a `Project`, and in the `ProjectTarget` of a stage in another account.

A launch role has permissions for that path, so it must not have roles that can deploy or approve.
"""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from mlops_constructs.projects import Project, ProjectTarget
from tests.docs.synthesis import FILES, synthesis, title

PROJECTS = "/sagemaker-projects/"
KINDS = (iam.CfnRole, iam.CfnManagedPolicy)


@pytest.mark.parametrize("file", FILES, ids=title)
def test_only_what_is_in_a_project_is_on_the_path_of_projects(file: Path) -> None:
    example = synthesis(file)
    in_project: dict[str, bool] = {
        str(cdk.Stack.of(node).resolve(node.logical_id)): any(
            isinstance(scope, Project | ProjectTarget) for scope in node.node.scopes
        )
        for node in example.stack.node.find_all()
        if isinstance(node, KINDS)
    }
    paths = {
        logical_id: resource["Properties"].get("Path", "/")
        for logical_id, resource in example.template["Resources"].items()
        if resource["Type"] in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
    }

    assert set(paths) == set(in_project)
    assert {name for name, path in paths.items() if path == PROJECTS} == {
        name for name, inside in in_project.items() if inside
    }
