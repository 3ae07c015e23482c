"""Roles of a team: data scientists, ML engineers, reviewers and read-only users.

For each project: the roles are restricted to one Studio domain and one project. Jobs and models
start only in the network and only encrypted, with a dedicated role. Users who build a model cannot
approve it, and private spaces are only accessible to their owner, whom the corporate directory,
which sets the source identity of a session, or Studio identifies. Domain and user profiles use the
roles as execution roles.
"""

from dataclasses import replace
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct
from stores import Stores

from mlops_constructs.access import (
    Federation,
    JobRole,
    Persona,
    PersonaRole,
    ProjectAccess,
)
from mlops_constructs.network import Network


class Personas(cdk.Stack):
    """Defines four roles for the project `persona-example`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        network = Network.from_ids(
            self,
            "Network",
            vpc_id="vpc-0a1b2c3d4e5f60718",
            subnet_ids=["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"],
            security_group_ids=["sg-0a1b2c3d4e5f60718"],
        )
        project = ProjectAccess(  # of a project that is a construct: `project.access()`
            project_name="persona-example",
            bucket=stores.bucket,
            key=stores.key,
            image_repository=stores.repository,
        )
        jobs = JobRole(self, "Jobs", project=project, network=network, keys=[stores.key])
        project = replace(project, execution_roles=[jobs])
        # The corporate directory identifies users; they cannot choose a name.
        directory = iam.SamlProvider.from_saml_provider_arn(
            self, "Directory", f"arn:{self.partition}:iam::{self.account}:saml-provider/directory"
        )
        users = iam.SamlConsolePrincipal(directory, {})
        for construct_id, persona in {
            "DataScientist": Persona.data_scientist(),
            "Engineer": Persona.ml_engineer(),
            "Reviewer": Persona.reviewer(),
            "Auditor": Persona.read_only(),
        }.items():
            role = PersonaRole(
                self,
                construct_id,
                persona=persona,
                domain_id="d-0a1b2c3d4e5f",
                domain_key=stores.key,
                project=project,
                network=network,
                keys=[stores.key],
                federated=Federation.by_source_identity(users),
            )
            cdk.CfnOutput(self, f"{construct_id}RoleArn", value=role.role_arn)
        cdk.CfnOutput(self, "JobsRoleArn", value=jobs.role_arn)
