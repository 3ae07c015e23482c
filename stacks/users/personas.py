"""Personas by their names in settings, and the users who assume their roles themselves."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs.access import Federation, Persona, PersonaRole
from mlops_constructs.delivery import PackageRepository
from mlops_constructs.studio import MlflowAppBase
from stacks.settings.studio import FederationSettings, ProfileSource

PERSONAS: Mapping[str, Persona] = {
    "data_scientist": Persona.data_scientist(),
    "ml_engineer": Persona.ml_engineer(),
    "reviewer": Persona.reviewer(),
    "read_only": Persona.read_only(),
}
"""Personas by the names that settings and the file of users have."""


def federation(scope: Construct, settings: FederationSettings | None) -> Federation | None:
    """Returns the users who assume the roles of their personas themselves.

    Args:
        scope: construct in the account of the users.
        settings: settings of the domain. None: only Studio assumes the roles.
    """
    if settings is None:
        return None
    if settings.profile_from is ProfileSource.IAM_USER:
        return Federation.of_users(cdk.Stack.of(scope).account)
    principal = _principal(scope, str(settings.principal))
    if settings.profile_from is ProfileSource.SESSION_TAG:
        return Federation.by_session_tag(principal, tag=settings.tag)
    return Federation.by_source_identity(principal)


def allow_tools(
    role: PersonaRole, *, mlflow: MlflowAppBase | None, packages: PackageRepository | None
) -> None:
    """Lets the users of a role use the MLflow App and install packages.

    Users who work track runs; all others read them.

    Args:
        role: role of the users.
        mlflow: MLflow App. None: no App.
        packages: repository of packages. None: no repository.
    """
    if mlflow is not None:
        if role.persona.works:
            mlflow.grant_track(role)
        else:
            mlflow.grant_read(role)
        mlflow.grant_open(role)
    if packages is not None and role.persona.works:
        packages.grant_read(role)


def _principal(scope: Construct, arn: str) -> iam.IPrincipal:
    """Returns the identity provider with an ARN, or the role of a portal."""
    kind = arn.split(":", 5)[5].split("/")[0]
    if kind == "saml-provider":
        provider = iam.SamlProvider.from_saml_provider_arn(scope, "Directory", arn)
        return iam.SamlConsolePrincipal(provider, {})
    if kind == "oidc-provider":
        return iam.WebIdentityPrincipal(arn)
    return iam.ArnPrincipal(arn)
