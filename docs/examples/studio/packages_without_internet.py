"""Python and npm packages for notebooks without internet access.

Use it where Studio runs in a private network and users install packages: CodeArtifact fetches a
package from PyPI or npm at its first request and stores it, and the network reaches only its
endpoints. A lifecycle script configures pip and npm. The endpoints allow the VPN of Studio's users.
The builds of a project get packages in the same way:
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
    """Defines the network, the repository, the script and a role that can install packages."""

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
