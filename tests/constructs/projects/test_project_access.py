"""Access of users to a project that is a construct."""

import json

import aws_cdk as cdk
from aws_cdk.assertions import Template

from mlops_constructs.access import Persona, PersonaRole
from mlops_constructs.projects import Seed
from tests.constructs.projects.definitions import define_project


def test_it_names_every_log_of_a_build_and_both_repositories(seed: Seed) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    project = define_project(stack, seed)

    access = project.access()
    PersonaRole(stack, "Readers", persona=Persona.read_only(), project=access)

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
            if name.startswith("Readers")
        ]
    )
    assert used
    for group in used:
        assert group in policies, "no user could read why this build failed"
    assert len(access.code_repositories) == 2
    assert not access.execution_roles, "the roles of the project are not for users"
