"""Packages of Python and npm for notebooks that have no way to the internet.

Want it where Studio runs in a private network and people still install packages: CodeArtifact
fetches from PyPI and npm what somebody asks for first, keeps it, and the network reaches nothing
but its endpoints. A lifecycle script makes pip and npm use it. The endpoints admit the VPN through
which people come to Studio. The builds of a project take packages the same way:
`Project(network=network, packages=packages, ...)`.
"""

from typing import Any

import aws_cdk as cdk
from constructs import Construct
from stores import Stores

from mlops_constructs import studio
from mlops_constructs.access import Persona, PersonaRole, ProjectAccess
from mlops_constructs.delivery import PackageRepository
from mlops_constructs.network import Network, NetworkUseCase


class PackagesWithoutInternet(cdk.Stack):
    """Defines the network, the repository, the script and a role that may install."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        network = Network(
            self,
            "Network",
            uses=[NetworkUseCase.STUDIO, NetworkUseCase.PACKAGES],
            allowed_from=["10.8.0.0/16"],
        )
        packages = PackageRepository(
            self, "Packages", domain_name="packages-example", key=stores.key
        )
        indexes = studio.LifecycleConfig(
            self,
            "PackageIndexes",
            app=studio.StudioApp.JUPYTER_LAB,
            script=studio.Script.from_text(packages.studio_script()),
        )
        scientists = PersonaRole(
            self,
            "Scientists",
            persona=Persona.data_scientist(),
            project=ProjectAccess(project_name="packages-example", bucket=stores.bucket),
            network=network,
            keys=[stores.key],
        )
        packages.grant_read(scientists)
        cdk.CfnOutput(self, "VpcId", value=network.vpc.vpc_id)
        cdk.CfnOutput(self, "LifecycleConfigArn", value=indexes.lifecycle_config_arn)
