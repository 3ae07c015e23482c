"""A Studio domain in a private network, with users, a shared space, a script and a custom image.

Use it for a team that explores data and develops pipelines in JupyterLab or Code Editor. Idle
applications are deleted after one hour, which users can extend to eight; there is no internet
access; images can be tested with Docker. The SageMaker SDK has the bucket, the key and the tags of
the team when an application starts. The users are listed in users.yaml, and none of them can change
a private space of another. The function that clears the domain also runs in the VPC. As a temporary
environment, the domain is deleted with its stack: applications, spaces and the file system that
SageMaker created. Remove `removal_policy` for a domain with your users' work.
"""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
from constructs import Construct
from stores import Stores

from mlops_constructs import studio
from mlops_constructs.access import Persona, PersonaRole, ProjectAccess
from mlops_constructs.network import Network, NetworkUseCase

USERS = Path(__file__).with_name("users.yaml")
SCRIPT = Path(__file__).with_name("install_tools.sh")


class StudioDomain(cdk.Stack):
    """Defines a domain for the team that owns the model `churn`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        network = Network(self, "Network", uses=[NetworkUseCase.STUDIO, NetworkUseCase.FUNCTIONS])
        domain = studio.Domain(
            self,
            "Studio",
            domain_name="studio-domain",
            network=studio.DomainNetwork.vpc_only(
                network.vpc,
                subnets=network.subnets,
                docker_access=studio.DockerAccess.enabled(trusted_accounts=[self.account]),
            ),
            settings=studio.UserSettings(
                jupyter_lab=self._jupyter_lab(stores),
                storage=studio.SpaceStorage(default_gib=20, maximum_gib=200),
            ),
            shared_space_role=self._team(stores, network),
            project_templates_location=stores.bucket.s3_url_for_object("templates/"),
            removal_policy=cdk.RemovalPolicy.DESTROY,
            function_network=network,
        )
        scientists = PersonaRole(
            self,
            "Scientists",
            persona=Persona.data_scientist(),
            domain_id=domain.domain_id,
            domain_key=domain.encryption_key,
        )
        profiles = studio.UserProfiles(
            self,
            "People",
            domain=domain,
            users=studio.StudioUser.from_yaml(USERS),
            roles={"scientists": scientists},
        )
        studio.Space(
            self,
            "Churn",
            owner=profiles.profiles["ada"],
            app=studio.StudioApp.JUPYTER_LAB,
            space_name="churn",
            sharing=studio.SpaceSharing.SHARED,
            storage_gib=50,
        )
        cdk.CfnOutput(self, "DomainId", value=domain.domain_id)
        cdk.CfnOutput(self, "VpcId", value=network.vpc.vpc_id)

    def _team(self, stores: Stores, network: Network) -> PersonaRole:
        """Returns the role of the shared space, with access to the project and to no domain."""
        return PersonaRole(
            self,
            "Team",
            persona=Persona.data_scientist(),
            project=ProjectAccess(project_name="churn", bucket=stores.bucket, key=stores.key),
            network=network,
            keys=[stores.key],
        )

    def _jupyter_lab(self, stores: Stores) -> studio.AppSettings:
        defaults = studio.LifecycleConfig(
            self,
            "GitDefaults",
            app=studio.StudioApp.JUPYTER_LAB,
            script=studio.Script.from_file(SCRIPT).then(
                studio.Script.sdk_defaults(
                    studio.SdkDefaults(
                        bucket=stores.bucket,
                        key=stores.key,
                        tags={"sagemaker:project-name": "churn"},
                    )
                )
            ),
        )
        image = studio.CustomImage(
            self,
            "Image",
            app=studio.StudioApp.JUPYTER_LAB,
            repository=stores.repository,
            tag="1",
            display_name="Churn",
            container=studio.ContainerConfig(environment={"TEAM": "churn"}),
        )
        return studio.AppSettings(
            instance_type="ml.t3.large",
            idle_shutdown=studio.IdleShutdown.after(
                cdk.Duration.hours(1), max_timeout=cdk.Duration.hours(8)
            ),
            lifecycle_configs=[defaults],
            default_lifecycle_config=defaults,
            custom_images=[image],
        )
