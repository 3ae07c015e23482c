"""The environment variables that CodeBuild sets in a build.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rehearsal.services.codebuild.engine.plan import BuildPlan
from rehearsal.services.codebuild.engine.workspace import HOME


def variables(
    plan: BuildPlan,
    *,
    own: Mapping[str, str],
    registries: Mapping[str, str],
    credentials: Mapping[str, str],
    ca_bundle: Path,
    path: str,
    sources: Mapping[str, str],
    resolved_version: str,
) -> dict[str, str]:
    """Returns all variables of a build; those of CodeBuild override those of the project.

    Args:
        plan: the build.
        own: the variables of the project and of the build specification.
        registries: the settings of package managers on this machine.
        credentials: the AWS_* variables of the service role.
        ca_bundle: the certificate authorities that the build trusts.
        path: the value of PATH.
        sources: the folders of the sources by identifier; "" is the primary one.
        resolved_version: the version of the primary source.
    """
    bundle, region = str(ca_bundle), plan.scope.region
    return {
        **registries,
        **own,
        "PATH": path,
        "HOME": HOME,
        "PWD": sources[""],  # shells then show this path, not the target of the link
        "SHELL": "/bin/sh",
        "LANG": "C.UTF-8",
        "NPM_CONFIG_PREFIX": f"{HOME}/.npm-global",
        "CI": "true",
        **_of_build(plan, resolved_version),
        "CODEBUILD_SRC_DIR": sources[""],
        **{f"CODEBUILD_SRC_DIR_{name}": place for name, place in sources.items() if name},
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **credentials,
        # Registries and AWS must both be trusted; the bundle holds the public roots, too.
        "AWS_CA_BUNDLE": bundle,
        "GIT_SSL_CAINFO": bundle,
        "NODE_EXTRA_CA_CERTS": bundle,
    }


def _of_build(plan: BuildPlan, resolved_version: str) -> dict[str, str]:
    return {
        "CODEBUILD_CI": "true",
        "CODEBUILD_BUILD_ID": plan.build_id,
        "CODEBUILD_BUILD_ARN": plan.arn,
        "CODEBUILD_BUILD_NUMBER": str(plan.number),
        "CODEBUILD_BUILD_IMAGE": plan.environment["image"],
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_INITIATOR": plan.initiator,
        "CODEBUILD_KMS_KEY_ID": plan.encryption_key or "",
        "CODEBUILD_LOG_PATH": plan.build_uuid,
        "CODEBUILD_PROJECT_ARN": plan.scope.arn("codebuild", f"project/{plan.project}"),
        "CODEBUILD_RESOLVED_SOURCE_VERSION": resolved_version,
        "CODEBUILD_SOURCE_REPO_URL": plan.source.get("location", ""),
        "CODEBUILD_SOURCE_VERSION": plan.source_version or "",
    }
