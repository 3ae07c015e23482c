"""What people get at of a project that is a construct."""

from __future__ import annotations

import json

import aws_cdk as cdk
from aws_cdk.assertions import Template

from mlops_constructs.access import Persona, PersonaRole
from mlops_constructs.projects import Project, Seed


def test_it_names_every_log_of_a_build_and_both_repositories(seed: Seed) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    project = Project(
        stack,
        "Project",
        project_name="churn",
        project_id="p-churn",
        model_build_seed=seed,
        model_deploy_seed=seed,
    )

    access = project.access()
    PersonaRole(stack, "People", persona=Persona.read_only(), project=access)

    template = Template.from_stack(stack)
    builds = template.find_resources("AWS::CodeBuild::Project")
    used = {
        group["Ref"]
        for build in builds.values()
        for group in [build["Properties"]["LogsConfig"]["CloudWatchLogs"]["GroupName"]]
    }
    policies = json.dumps(
        [
            policy
            for name, policy in template.find_resources("AWS::IAM::ManagedPolicy").items()
            if name.startswith("People")
        ]
    )
    assert used
    for group in used:
        assert group in policies, "nobody could read why this build failed"
    assert len(access.code_repositories) == 2
    assert not access.execution_roles, "the roles of the project are not for people"
