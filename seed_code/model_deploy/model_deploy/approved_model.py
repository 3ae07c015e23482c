"""Look-up of the models to deploy, before synth: `python -m model_deploy.approved_model`.

Synth itself calls no AWS API, so the same commit and the same models give the same templates. The
look-up writes the newest approved model, and those of the versions that the settings of the stages
name, to build/model.json, which synth reads. It writes the newest version to
build/model_package_version, which the pipeline reads. A missing approved model is not an error as
long as no stage names a version; both files state it.
"""

import json
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from .monitoring.monitored_package import MonitoredPackage
from .settings import Batch, RealTime, Serverless, SettingsError, StageSettings, load_settings
from .stages import stages_from_environment, variable_prefix

MODEL_FILE = Path("build/model.json")
VERSION_FILE = Path("build/model_package_version")
NO_VERSION = "none"
"""The version for which the pipeline skips its stages."""
LOOK_UP_VARIABLE = "ONLINE_FEATURES"
"""Variable of a container with the features that it looks up; model-build sets it."""
GROUP_VARIABLE = "MODEL_PACKAGE_GROUP_NAME"
_MAX_LISTED = 10
T = TypeVar("T")
Describe = Callable[[str], Mapping[str, Any]]
"""Describes a model package by its ARN."""


@dataclass(frozen=True, kw_only=True)
class ApprovedModels:
    """The approved model packages that the stages deploy.

    Args:
        newest: version with the highest number.
        packages: ARNs of the packages by their version: the newest one and those that a stage
            names.
        descriptions: what monitors need of packages, by their version. Defaults to none.
    """

    newest: int
    packages: Mapping[int, str]
    descriptions: Mapping[int, MonitoredPackage] = field(default_factory=dict)

    def arn_of(self, version: int | None) -> str:
        """Returns the ARN of a package.

        Args:
            version: version that a stage names; None for the newest one.

        Raises:
            ValueError: the look-up did not find the version, since settings have changed after it.
        """
        return self._found(self.packages, version)

    def monitored(self, version: int | None) -> MonitoredPackage:
        """Returns what the monitors of a stage need of its package.

        Args:
            version: version that the stage names; None for the newest one.

        Raises:
            ValueError: the look-up did not read the package, since settings have changed after it.
        """
        return self._found(self.descriptions, version)

    def _found(self, known: Mapping[int, T], version: int | None) -> T:
        wanted = self.newest if version is None else version
        if wanted not in known:
            raise ValueError(
                f"{MODEL_FILE}: got no version {wanted}; run `python -m model_deploy."
                "approved_model` again to look it up"
            )
        return known[wanted]


def approved_versions(sagemaker: Any, group: str) -> dict[int, str]:
    """Returns the ARNs of the approved packages of a group by their version.

    Args:
        sagemaker: boto3 client of SageMaker.
        group: name of the model package group.
    """
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved"
    )
    return {
        int(summary["ModelPackageVersion"]): str(summary["ModelPackageArn"])
        for page in pages
        for summary in page["ModelPackageSummaryList"]
    }


def version_problems(
    stages: Mapping[str, StageSettings], approved: Mapping[int, str]
) -> Iterator[str]:
    """Yields a message for each version that cannot be deployed to its stage.

    Args:
        stages: settings of the stages in the order of their deployment.
        approved: ARNs of the approved packages by their version.
    """
    newest = max(approved, default=None)
    first: set[int | None] | None = None
    for name, stage in stages.items():
        deployed = {key: newest if one is None else one for key, one in stage.versions.items()}
        for key, version in deployed.items():
            if version is not None and version not in approved:
                yield (
                    f"config/{name}.yaml: {key}: got {version}; allowed: an approved version"
                    f"{_listed(approved)}"
                )
            elif first is not None and version not in first:
                yield (
                    f"config/{name}.yaml: {key}: got {version}, which the first stage, "
                    f"{next(iter(stages))}, does not deploy; set a version there as well, so that "
                    "it is tested first"
                )
        first = set(deployed.values()) if first is None else first


def look_up_problems(
    describe: Describe,
    stages: Mapping[str, StageSettings],
    approved: Mapping[int, str],
    *,
    elsewhere: Collection[str] = (),
) -> Iterator[str]:
    """Yields a message for each stage whose model cannot reach the features that it looks up.

    Args:
        describe: describes a package by its ARN.
        stages: settings of the stages.
        approved: ARNs of the approved packages by their version.
        elsewhere: names of the stages in another account or region than the project. Defaults to
            none.
    """
    if not approved:
        return
    newest, known = max(approved), dict[int, Mapping[str, Any]]()
    for name, stage in stages.items():
        if _has_network(stage) and name not in elsewhere:
            continue
        for key, named in stage.versions.items():
            version = newest if named is None else named
            if version not in known:
                known[version] = _looked_up(describe(approved[version]))
            found = known[version]
            if not found:
                continue
            what = f"config/{name}.yaml: {key}: version {version} looks up features in the online "
            if _has_network(stage):
                if not found.get("role"):
                    yield (
                        f"{what}store of {found.get('group')}, which is in another account or "
                        "region than this stage, and names no role to read it with: it was trained "
                        "before the project had such a stage; push to model-build and approve the "
                        "new version"
                    )
                continue
            allowed = (
                "set network_isolation: false"
                if isinstance(stage, RealTime)
                else "use kind: real-time with network_isolation: false, or kind: serverless"
            )
            yield (
                f"{what}store of {found.get('group')}, which containers with network isolation "
                f"cannot reach; {allowed}"
            )


def _elsewhere(stages: Iterable[str]) -> set[str]:
    """Returns the stages in other accounts or regions, which have variables with their name."""
    return {
        name
        for name in stages
        if os.environ.get(f"{variable_prefix(name)}MODEL_EXECUTION_ROLE_ARN")
    }


def _has_network(stage: StageSettings) -> bool:
    # Serverless endpoints do not support network isolation.
    if isinstance(stage, RealTime):
        return not stage.network_isolation
    return isinstance(stage, Serverless)


def _looked_up(package: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the look-ups of a package; empty without look-ups."""
    for container in package.get("InferenceSpecification", {}).get("Containers", []):
        text = container.get("Environment", {}).get(LOOK_UP_VARIABLE)
        if text:
            found: Mapping[str, Any] = json.loads(text)
            return found
    return {}


def monitored_packages(
    describe: Describe, stages: Mapping[str, StageSettings], approved: Mapping[int, str]
) -> dict[int, MonitoredPackage]:
    """Returns what monitors need of the packages of stages with monitors, by their version.

    Args:
        describe: describes a package by its ARN.
        stages: settings of the stages.
        approved: ARNs of the approved packages by their version.
    """
    if not approved:
        return {}
    versions = {
        max(approved) if stage.version is None else stage.version
        for stage in stages.values()
        if isinstance(stage, RealTime | Batch) and stage.monitor is not None
    }
    return {
        version: MonitoredPackage.of(describe(approved[version])) for version in sorted(versions)
    }


def _listed(approved: Mapping[int, str]) -> str:
    versions = [str(one) for one in sorted(approved, reverse=True)]
    rest = [f"{len(versions) - _MAX_LISTED} older ones"] if len(versions) > _MAX_LISTED else []
    listed = [*versions[:_MAX_LISTED], *rest]
    return f", {', '.join(listed)}" if listed else "; no version is approved yet"


def main() -> int:
    """Runs the look-up from the command line and returns the exit status."""
    group = os.environ.get(GROUP_VARIABLE)
    if not group:
        print(
            f"environment: got no {GROUP_VARIABLE}; set it, as the pipeline does", file=sys.stderr
        )
        return 1
    try:
        stages = {
            name: load_settings(Path("config") / f"{name}.yaml")
            for name in stages_from_environment(os.environ)
        }
        sagemaker = boto3.client("sagemaker")
        describe = cache(lambda arn: sagemaker.describe_model_package(ModelPackageName=arn))
        approved = approved_versions(sagemaker, group)
        problems = list(version_problems(stages, approved)) or list(
            look_up_problems(describe, stages, approved, elsewhere=_elsewhere(stages))
        )
        if problems:
            print("\n".join(problems), file=sys.stderr)
            return 1
        described = monitored_packages(describe, stages, approved)
    except (ClientError, BotoCoreError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    _write(approved, stages, described)
    if approved:
        print(f"The newest approved version of {group} is {max(approved)}")
        for name, stage in stages.items():
            for key, version in stage.versions.items():
                if version is not None:
                    print(f"config/{name}.yaml: {key}: deploying version {version}")
    else:
        print(
            f"No version of the model package group {group} is approved yet, so nothing is "
            "deployed. "
            "Approve a version to start this pipeline again."
        )
    return 0


def _write(
    approved: Mapping[int, str],
    stages: Mapping[str, StageSettings],
    described: Mapping[int, MonitoredPackage],
) -> None:
    MODEL_FILE.parent.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] | None = None
    if approved:
        newest = max(approved)
        named = [one for stage in stages.values() for one in stage.versions.values()]
        deployed = sorted({newest if one is None else one for one in named} | {newest})
        found = {
            "model_package_arn": approved[newest],
            "model_package_version": newest,
            "packages": {
                str(one): {
                    "model_package_arn": approved[one],
                    **({"monitored": described[one].to_json()} if one in described else {}),
                }
                for one in deployed
            },
        }
    MODEL_FILE.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    VERSION_FILE.write_text(
        f"{found['model_package_version'] if found else NO_VERSION}\n", encoding="utf-8"
    )


def read_approved_models(path: Path = MODEL_FILE) -> ApprovedModels | None:
    """Returns the model packages that were found; None if none is approved.

    Args:
        path: file of the look-up. Defaults to build/model.json.

    Raises:
        ValueError: the look-up has not run.
    """
    if not path.exists():
        raise ValueError(
            f"{path}: no such file; run `python -m model_deploy.approved_model` first to write it"
        )
    found = json.loads(path.read_text(encoding="utf-8"))
    if not found:
        return None
    return ApprovedModels(
        newest=found["model_package_version"],
        packages={
            int(version): package["model_package_arn"]
            for version, package in found["packages"].items()
        },
        descriptions={
            int(version): MonitoredPackage.from_json(package["monitored"])
            for version, package in found["packages"].items()
            if "monitored" in package
        },
    )


if __name__ == "__main__":
    sys.exit(main())
