"""Roles of a team: data scientists, engineers, reviewers and those who only look.

Want it for each project: the roles know one Studio domain and one project, and nothing of another.
Jobs and models start only in the network and only encrypted, with a role that is made for them.
Whoever builds a model cannot approve it, and nobody touches a private space of somebody else: the
company's directory, which sets a session's source identity, or Studio tells whose it is. Domain and
user profiles take the roles as execution roles.
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
        # The company's directory says who somebody is; nobody chooses a colleague's name.
        directory = iam.SamlProvider.from_saml_provider_arn(
            self, "Directory", f"arn:{self.partition}:iam::{self.account}:saml-provider/directory"
        )
        people = iam.SamlConsolePrincipal(directory, {})
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
                federated=Federation.by_source_identity(people),
            )
            cdk.CfnOutput(self, f"{construct_id}RoleArn", value=role.role_arn)
        cdk.CfnOutput(self, "JobsRoleArn", value=jobs.role_arn)
