"""CodeArtifact repository with packages from PyPI and npm, for networks without internet access."""

import re
import shlex
from collections.abc import Sequence
from enum import Enum

import aws_cdk as cdk
from aws_cdk import aws_codeartifact as codeartifact
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_constructs._grants import grant
from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems
from mlops_constructs.access import Permission

_DOMAIN = r"[a-z][a-z0-9-]{0,48}[a-z0-9]"
_REPOSITORY = r"[A-Za-z0-9][A-Za-z0-9._-]{1,99}"
_SERVICE = "codeartifact.amazonaws.com"
_NO_LEVEL = "the action does not support resource-level permissions"
_TOKEN_HOURS, _RENEWAL_HOURS = 12, 10


class PackageSource(Enum):
    """Public repositories from which CodeArtifact fetches packages that it does not have yet.

    Source: "Supported external connection repositories" in the CodeArtifact User Guide.
    """

    PYPI = "public:pypi"
    NPM = "public:npmjs"

    @property
    def tool(self) -> str:
        """Name of the package manager in `aws codeartifact login --tool`."""
        return {"public:pypi": "pip", "public:npmjs": "npm"}[self.value]


class PackageRepository(Construct):
    """Defines a CodeArtifact repository through which packages come from PyPI and npm.

    CodeArtifact fetches a package on the first request, stores it, and serves it from then on.
    Notebooks, jobs and builds in a network with `NetworkUseCase.PACKAGES` can install packages
    without internet access. `studio_script` is the content of a Studio lifecycle configuration;
    `ProjectResources(packages=...)` configures the builds of a project. CodeArtifact does not
    support conda channels.

    A CodeArtifact repository has at most one external connection, so each source has a dedicated
    repository, upstream of the one that clients use.

    Args:
        domain_name: name of the domain, unique in the account and region: 2 to 50 lower case
            letters, digits and hyphens.
        repository_name: name of the repository that clients use: 2 to 100 letters, digits, dots,
            hyphens and underscores. Defaults to "packages".
        sources: public repositories of the packages; at least one, each once. Defaults to PyPI and
            npm.
        key: symmetric KMS key that encrypts the packages; it cannot be changed later. Defaults to
            None: a new key with rotation.
        removal_policy: what happens to packages and key when the stack is deleted. Defaults to
            retaining them, because their source may no longer have the versions in a lock file.

    Raises:
        ValueError: with every problem of the input: a malformed name, no source, a region without
            CodeArtifact.

    Source: "Working with Amazon VPC endpoints" and "Connect a CodeArtifact repository to a public
    repository" in the CodeArtifact User Guide.

    Example:
        ```python
        packages = PackageRepository(stack, "Packages", domain_name="ml-platform")
        packages.grant_read(role)
        LifecycleConfig(
            stack,
            "PackageIndexes",
            app=StudioApp.JUPYTER_LAB,
            script=Script.from_text(packages.studio_script()),
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain_name: str,
        repository_name: str = "packages",
        sources: Sequence[PackageSource] = (PackageSource.PYPI, PackageSource.NPM),
        key: kms.IKey | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        problems = Problems("PackageRepository", self)
        problems.extend(_problems(domain_name, repository_name, sources))
        problems.extend(
            region_problems(self, "AWS::CodeArtifact::Domain", "AWS::CodeArtifact::Repository")
        )
        problems.raise_if_any()
        self.domain_name, self.repository_name = domain_name, repository_name
        self.sources = tuple(sources)
        self.key = key or self._own_key(removal_policy)
        domain = codeartifact.CfnDomain(
            self, "Domain", domain_name=domain_name, encryption_key=self.key.key_arn
        )
        upstream = [
            self._repository(
                f"{source.name.title()}Source",
                f"{source.name.lower()}-source",
                f"Packages from {source.value}",
                domain,
                external_connections=[source.value],
            )
            for source in self.sources
        ]
        repository = self._repository(
            "Resource",
            repository_name,
            "Packages of the account and of its sources",
            domain,
            upstreams=[one.attr_name for one in upstream],
        )
        for resource in (domain, *upstream, repository):
            resource.apply_removal_policy(removal_policy)
        # Composed of names, so that templates that are deployed later can contain them.
        self.domain_arn = self._arn("domain", domain_name)
        self.repository_arn = self._arn("repository", f"{domain_name}/{repository_name}")

    @property
    def read_permissions(self) -> list[Permission]:
        """Permissions to install packages. CodeArtifact decrypts them with a KMS grant."""
        return [
            Permission(actions=["codeartifact:GetAuthorizationToken"], resources=[self.domain_arn]),
            Permission(
                actions=["sts:GetServiceBearerToken"],
                resources=["*"],
                conditions={"StringEquals": {"sts:AWSServiceName": _SERVICE}},
                because=_NO_LEVEL,
            ),
            Permission(
                actions=[
                    "codeartifact:GetRepositoryEndpoint",
                    "codeartifact:ReadFromRepository",
                ],
                resources=[self.repository_arn],
            ),
        ]

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal permission to install packages, but not to publish or delete them.

        Args:
            grantee: the principal.
        """
        grants = [
            grant(
                grantee,
                actions=one.actions,
                resources=one.resources,
                because=one.because,
                conditions=one.conditions,
            )
            for one in self.read_permissions
        ]
        first, *others = grants
        for one in others:
            first = first.combine(one)
        return first

    def environment(self) -> dict[str, str]:
        """Returns the environment variables that configure the seeds' buildspecs."""
        return {
            "CODEARTIFACT_DOMAIN": self.domain_name,
            "CODEARTIFACT_DOMAIN_OWNER": cdk.Stack.of(self).account,
            "CODEARTIFACT_REPOSITORY": self.repository_name,
        }

    def studio_script(self) -> str:
        """Returns a lifecycle script that configures pip and npm to use the repository.

        A token is valid for 12 hours, so the script renews it while the application runs. It needs
        the AWS CLI, which SageMaker images have.
        """
        login = " ".join(
            [
                "aws codeartifact login --tool",
                '"$tool"',
                f"--domain {shlex.quote(self.domain_name)}",
                f"--repository {shlex.quote(self.repository_name)}",
                f"--duration-seconds {_TOKEN_HOURS * 3600}",
            ]
        )
        tools = " ".join(source.tool for source in self.sources)
        return f"""#!/bin/bash
# Configures pip and npm to use CodeArtifact.
set -eu

log_in() {{
  for tool in {tools}; do
    command -v "$tool" > /dev/null || continue
    {login} > /dev/null
  done
}}

log_in
# A token is valid for {_TOKEN_HOURS} hours.
(while sleep {_RENEWAL_HOURS * 3600}; do log_in || true; done) < /dev/null > /dev/null 2>&1 &
disown || true
"""

    def _arn(self, kind: str, name: str) -> str:
        return cdk.Stack.of(self).format_arn(
            service="codeartifact", resource=kind, resource_name=name
        )

    def _own_key(self, removal_policy: cdk.RemovalPolicy) -> kms.Key:
        return kms.Key(
            self,
            "Key",
            description="Encrypts packages",
            enable_key_rotation=True,
            removal_policy=removal_policy,
        )

    def _repository(
        self,
        construct_id: str,
        name: str,
        description: str,
        domain: codeartifact.CfnDomain,
        *,
        external_connections: list[str] | None = None,
        upstreams: list[str] | None = None,
    ) -> codeartifact.CfnRepository:
        return codeartifact.CfnRepository(
            self,
            construct_id,
            domain_name=domain.attr_name,
            repository_name=name,
            description=description,
            external_connections=external_connections,
            upstreams=upstreams,
        )


def _problems(
    domain_name: str, repository_name: str, sources: Sequence[PackageSource]
) -> list[str]:
    found = []
    if is_known(domain_name) and not re.fullmatch(_DOMAIN, domain_name):
        found.append(
            f"domain_name: got {domain_name!r}; allowed are 2 to 50 lower case letters, digits and "
            "hyphens, beginning with a letter"
        )
    if is_known(repository_name) and not re.fullmatch(_REPOSITORY, repository_name):
        found.append(
            f"repository_name: got {repository_name!r}; allowed are 2 to 100 letters, digits, "
            "dots, hyphens and underscores"
        )
    taken = [f"{source.name.lower()}-source" for source in sources]
    if repository_name in taken:
        found.append(
            f"repository_name: got {repository_name!r}, the name of a source's repository; choose "
            "another name"
        )
    if not sources or len(set(sources)) < len(sources):
        found.append(
            "sources: got none, or duplicates; allowed are PackageSource.PYPI and PackageSource.NPM"
        )
    return found
