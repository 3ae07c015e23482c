"""Rules about Studio domains, feature groups and the model registry."""

from typing import Any

from ._rule import Finding, Rule, Template, requires, resources, value_at

_DOMAIN = "AWS::SageMaker::Domain"
_FEATURE_GROUP = "AWS::SageMaker::FeatureGroup"
_IDLE = "AppLifecycleManagement.IdleSettings.LifecycleManagement"


def _apps_without_idle_shutdown(template: Template) -> list[Finding]:
    found = []
    for logical_id, properties in resources(template, _DOMAIN):
        for app in ("JupyterLabAppSettings", "CodeEditorAppSettings"):
            path = f"DefaultUserSettings.{app}.{_IDLE}"
            if value_at(properties, path) != "ENABLED":
                found.append((logical_id, path))
    return found


def _groups_open_to_everyone(template: Template) -> list[Finding]:
    path = "ModelPackageGroupPolicy"
    return [
        (logical_id, path)
        for logical_id, properties in resources(template, "AWS::SageMaker::ModelPackageGroup")
        for statement in _statements(properties.get(path))
        if statement.get("Effect") == "Allow" and not statement.get("Condition")
        if _is_everyone(statement.get("Principal"))
    ]


def _statements(policy: Any) -> list[dict[str, Any]]:
    found = policy.get("Statement", []) if isinstance(policy, dict) else []
    return found if isinstance(found, list) else [found]


def _is_everyone(principal: Any) -> bool:
    named = principal.get("AWS") if isinstance(principal, dict) else principal
    return "*" in (named if isinstance(named, list) else [named])


STORE_RULES = (
    Rule(
        name="DomainVpcOnly",
        description="A Studio domain sends its traffic through the VPC alone",
        fix="Set AppNetworkAccessType to VpcOnly, and create the VPC endpoints of Studio",
        findings=requires(_DOMAIN, "AppNetworkAccessType", wanted="VpcOnly"),
    ),
    Rule(
        name="DomainKey",
        description="The file system of a Studio domain is encrypted with a customer managed key",
        fix="Set KmsKeyId; the domain is replaced when it changes",
        findings=requires(_DOMAIN, "KmsKeyId"),
    ),
    Rule(
        name="DomainIdleShutdown",
        description="Idle JupyterLab and Code Editor apps of a Studio domain are shut down",
        fix="Enable IdleSettings in the default user settings of both apps",
        findings=_apps_without_idle_shutdown,
    ),
    Rule(
        name="FeatureGroupOnlineKey",
        description="An online feature store is encrypted with a customer managed key",
        fix="Set OnlineStoreConfig.SecurityConfig.KmsKeyId; the group is replaced when it changes",
        findings=requires(
            _FEATURE_GROUP,
            "OnlineStoreConfig.SecurityConfig.KmsKeyId",
            when="OnlineStoreConfig.EnableOnlineStore",
        ),
    ),
    Rule(
        name="FeatureGroupOfflineKey",
        description="An offline feature store is encrypted with a customer managed key",
        fix="Set OfflineStoreConfig.S3StorageConfig.KmsKeyId",
        findings=requires(
            _FEATURE_GROUP, "OfflineStoreConfig.S3StorageConfig.KmsKeyId", when="OfflineStoreConfig"
        ),
    ),
    Rule(
        name="ModelPackageGroupPrincipal",
        description="A model package group is shared with named accounts, not with everyone",
        fix="Name the accounts in Principal, or restrict the statement with aws:PrincipalOrgID",
        findings=_groups_open_to_everyone,
    ),
)
