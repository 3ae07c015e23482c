"""A project, a Studio domain and the users of both, as one stack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from mlops_constructs import studio
from mlops_constructs.access import Federation, JobRole, Persona, PersonaRole
from mlops_constructs.network import Network
from mlops_constructs.projects import Project, Seed

SEEDS = Path(__file__).with_name("seeds")
PROJECT = "churn"
PERSONAS = {
    "Scientist": Persona.data_scientist(),
    "Engineer": Persona.ml_engineer(),
    "Reviewer": Persona.reviewer(),
    "Reader": Persona.read_only(),
}


class Team(cdk.Stack):
    """Deploys the resources that a platform team provides to a team of data scientists.

    Args:
        network: ids of an existing VPC, its subnets and a security group.
        broker_arn: ARN of the identity broker, which assumes the roles of users.
    """

    def __init__(
        self,
        scope: cdk.App,
        construct_id: str,
        *,
        vpc_id: str,
        subnet_ids: list[str],
        security_group_ids: list[str],
        broker_arn: str,
        env: cdk.Environment,
    ) -> None:
        super().__init__(scope, construct_id, env=env)
        network = Network.from_ids(
            self,
            "Network",
            vpc_id=vpc_id,
            subnet_ids=subnet_ids,
            security_group_ids=security_group_ids,
        )
        project = Project(
            self,
            "Project",
            project_name=PROJECT,
            project_id=f"p-{PROJECT}",
            model_build_seed=Seed(folder=SEEDS / "model_build"),
            model_deploy_seed=Seed(folder=SEEDS / "model_deploy"),
            network=network,
        )
        key = project.stores.artifacts.key
        access = project.access()
        jobs = JobRole(self, "Jobs", project=access, network=network, keys=[key])
        defaults = studio.LifecycleConfig(
            self,
            "SdkDefaults",
            app=studio.StudioApp.JUPYTER_LAB,
            script=studio.Script.sdk_defaults(
                studio.SdkDefaults(
                    role=jobs,
                    bucket=project.stores.artifacts.bucket,
                    network=network,
                    key=key,
                    tags={"sagemaker:project-name": PROJECT},
                )
            ),
        )
        domain = studio.Domain(
            self,
            "Studio",
            network=studio.DomainNetwork.vpc_only(
                network.vpc,
                security_groups=[
                    ec2.SecurityGroup.from_security_group_id(self, "Group", security_group_ids[0])
                ],
            ),
            settings=studio.UserSettings(
                jupyter_lab=studio.AppSettings(
                    lifecycle_configs=[defaults], default_lifecycle_config=defaults
                )
            ),
        )
        roles: dict[str, list[iam.IRole]] = {
            "Scientist": [jobs],
            "Engineer": [jobs, project.model_execution_role],  # she hosts models with it
        }
        tracking = studio.MlflowApp(
            self,
            "Mlflow",
            mlflow_app_name="team",
            artifact_bucket=project.stores.artifacts.bucket,
        )
        for name, persona in PERSONAS.items():
            role = PersonaRole(
                self,
                name,
                persona=persona,
                domain_id=domain.domain_id,
                domain_key=domain.encryption_key,
                project=replace(access, execution_roles=roles.get(name, ())),
                network=network,
                keys=[key],
                federated=Federation.by_source_identity(iam.ArnPrincipal(broker_arn)),
            )
            tracking.grant_open(role)
            if persona.works:
                tracking.grant_track(role)
            else:
                tracking.grant_read(role)
            studio.UserProfile(
                self,
                f"{name}Profile",
                domain=domain,
                user_profile_name=name.lower(),
                execution_role=role,
            )
            self._output(f"{name}Role", role.role_arn)
        self._output("JobRole", jobs.role_arn)
        self._output("DomainId", domain.domain_id)
        self._output("Key", key.key_arn)
        self._output("LifecycleConfig", defaults.lifecycle_config_arn)
        self._output("MlflowAppArn", tracking.mlflow_app_arn)
        training_role = project.model_build_pipeline.training_role
        self._output("TrainingRole", training_role.role_arn)
        self._output("ModelRole", project.model_execution_role.role_arn)

    def _output(self, name: str, value: str) -> None:
        cdk.CfnOutput(self, f"{name}Output", value=value).override_logical_id(name)
