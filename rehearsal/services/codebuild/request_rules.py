"""Rules of CodeBuild's requests, beyond the models.

Sources name shapes of the AWS CodeBuild API Reference.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.framework.rules.kinds import (
    forbids,
    matching,
    only_with,
    requires,
    rule,
)
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.rules.tagging import tag_rules

_PROJECTS = ("CreateProject", "UpdateProject")
_LOCATED = ("CODECOMMIT", "S3", "GITHUB", "GITHUB_ENTERPRISE", "BITBUCKET", "GITLAB")
_STATUS_REPORTERS = (
    "GITHUB",
    "GITHUB_ENTERPRISE",
    "GITLAB",
    "GITLAB_SELF_MANAGED",
    "BITBUCKET",
)
_MAX_BUILDSPEC_LENGTH = 25_600
_IDENTIFIER = r"[A-Za-z0-9_]{1,127}"
_REPOSITORY = "https://git-codecommit.us-east-1.amazonaws.com/v1/repos/churn"
_CURATED = "aws/codebuild/"
_PROJECT: dict[str, Any] = {
    "name": "churn",
    "source.type": "CODECOMMIT",
    "source.location": _REPOSITORY,
    "artifacts.type": "NO_ARTIFACTS",
    "environment.type": "LINUX_CONTAINER",
    "environment.image": "aws/codebuild/standard:7.0",
    "environment.computeType": "BUILD_GENERAL1_SMALL",
    "serviceRole": "arn:aws:iam::111111111111:role/build",
}
_SECOND = {
    **_PROJECT,
    "secondarySources[0].type": "CODECOMMIT",
    "secondarySources[0].location": _REPOSITORY,
    "secondarySources[0].sourceIdentifier": "data",
}
_OUTPUTS = {
    **_PROJECT,
    "secondaryArtifacts[0].type": "S3",
    "secondaryArtifacts[0].location": "bucket",
    "secondaryArtifacts[0].artifactIdentifier": "report",
}
_IN_PIPELINE = {
    **_PROJECT,
    "source.type": "CODEPIPELINE",
    "source.location": None,
    "artifacts.type": "CODEPIPELINE",
}


def _pipeline_pair(call: Call) -> Iterator[str]:
    source, artifacts = call.get("source.type"), call.get("artifacts.type")
    if None not in (source, artifacts) and (source == "CODEPIPELINE") != (
        artifacts == "CODEPIPELINE"
    ):
        yield (
            f"source type {source} and artifacts type {artifacts}: both must be CODEPIPELINE, or "
            "neither"
        )


def _source_location(call: Call) -> Iterator[str]:
    for path in ("source", "secondarySources[]"):
        for where, source in call.values(path):
            if source.get("type") in _LOCATED and not source.get("location"):
                yield f"{where} of type {source['type']} needs a location"


def _inline_buildspec(call: Call) -> Iterator[str]:
    if call.get("source.type") == "NO_SOURCE" and not call.get("source.buildspec"):
        yield "a project without source needs an inline buildspec (source.buildspec)"


def _buildspec_length(call: Call) -> Iterator[str]:
    length = len(call.get("source.buildspec") or "")
    if length > _MAX_BUILDSPEC_LENGTH:
        yield (
            f"source.buildspec: got {length} characters, an inline buildspec has at most "
            f"{_MAX_BUILDSPEC_LENGTH}"
        )


def _artifact_location(call: Call) -> Iterator[str]:
    for path in ("artifacts", "secondaryArtifacts[]"):
        for where, artifact in call.values(path):
            if artifact.get("type") == "S3" and not artifact.get("location"):
                yield f"{where} of type S3 need a location (the bucket)"


def _needs_identifier(member: str, identifier: str) -> Callable[[Call], Iterator[str]]:
    def check(call: Call) -> Iterator[str]:
        for where, one in call.values(f"{member}[]"):
            if not one.get(identifier):
                yield f"{where} needs {_article(identifier)} {identifier}"

    return check


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _no_pipeline(call: Call) -> Iterator[str]:
    for where, artifact in call.values("secondaryArtifacts[]"):
        if artifact.get("type") == "CODEPIPELINE":
            yield f"{where}: the type CODEPIPELINE is not supported for secondaryArtifacts"


def _vpc(call: Call) -> Iterator[str]:
    vpc = call.get("vpcConfig") or {}
    lacking = [one for one in ("vpcId", "subnets", "securityGroupIds") if not vpc.get(one)]
    if vpc and lacking:
        yield f"vpcConfig needs {', '.join(lacking)} too"


def _docker_layers(call: Call) -> Iterator[str]:
    modes = call.get("cache.modes") or ()
    privileged = call.get("environment.privilegedMode")
    if "LOCAL_DOCKER_LAYER_CACHE" in modes and call.get("environment") and not privileged:
        yield "cache mode LOCAL_DOCKER_LAYER_CACHE needs environment.privilegedMode"


def _curated(call: Call) -> Iterator[str]:
    environment: Mapping[str, Any] = call.get("environment") or {}
    image = str(environment.get("image", ""))
    if image.startswith(_CURATED) and environment.get("imagePullCredentialsType") == "SERVICE_ROLE":
        yield f"the curated image {image} needs the imagePullCredentialsType CODEBUILD"


def _cached_bucket(call: Call) -> Iterator[str]:
    cache = call.get("cache") or {}
    if cache.get("type") == "S3" and not cache.get("location"):
        yield "a cache of type S3 needs a location (bucket and prefix)"


CODEBUILD = Catalogue(
    "codebuild",
    *tag_rules("codebuild", tags="tags", source='"Tagging projects", tag restrictions'),
    rule(
        "pipeline-source-and-artifacts",
        _PROJECTS,
        "The types of source and artifacts are both CODEPIPELINE, or neither.",
        _pipeline_pair,
        source="ProjectArtifacts, type; ProjectSource, type",
        fails={**_PROJECT, "artifacts.type": "CODEPIPELINE"},
        passes=_IN_PIPELINE,
    ),
    rule(
        "source-location",
        _PROJECTS,
        "A source has a location, except those of CodePipeline and without source.",
        _source_location,
        source="ProjectSource, location",
        fails={**_PROJECT, "source.location": None},
        passes=_PROJECT,
    ),
    forbids(
        "pipeline-location",
        _PROJECTS,
        "type",
        "location",
        when="CODEPIPELINE",
        at="source",
        source="ProjectSource, location",
        fails={**_IN_PIPELINE, "source.location": "bucket/key"},
        passes=_IN_PIPELINE,
    ),
    rule(
        "inline-buildspec",
        _PROJECTS,
        "A project without source has an inline buildspec.",
        _inline_buildspec,
        source="ProjectSource, type NO_SOURCE",
        fails={**_PROJECT, "source.type": "NO_SOURCE", "source.location": None},
        passes={
            **_PROJECT,
            "source.type": "NO_SOURCE",
            "source.location": None,
            "source.buildspec": "version: 0.2",
        },
    ),
    rule(
        "buildspec-length",
        _PROJECTS,
        "An inline buildspec has at most 25,600 characters.",
        _buildspec_length,
        source="aws/aws-cdk, pull request 14974: a limit that CodeBuild does not document",
        fails={**_PROJECT, "source.buildspec": "version: 0.2\n" + "#" * 25_600},
        passes={**_PROJECT, "source.buildspec": "version: 0.2\n" + "#" * 25_000},
    ),
    rule(
        "artifact-location",
        _PROJECTS,
        "Artifacts of type S3 have a location.",
        _artifact_location,
        source="ProjectArtifacts, location",
        fails={**_PROJECT, "artifacts.type": "S3"},
        passes={**_PROJECT, "artifacts.type": "S3", "artifacts.location": "bucket"},
    ),
    rule(
        "secondary-source-identifier",
        _PROJECTS,
        "A secondary source has a sourceIdentifier.",
        _needs_identifier("secondarySources", "sourceIdentifier"),
        source="CreateProject, secondarySources; ProjectSource, sourceIdentifier",
        fails={**_SECOND, "secondarySources[0].sourceIdentifier": None},
        passes=_SECOND,
    ),
    matching(
        "source-identifier",
        _PROJECTS,
        "secondarySources[].sourceIdentifier",
        _IDENTIFIER,
        "have fewer than 128 letters, digits and underscores",
        source="ProjectSource, sourceIdentifier",
        fails={**_SECOND, "secondarySources[0].sourceIdentifier": "my-data"},
        passes=_SECOND,
    ),
    rule(
        "secondary-artifact-identifier",
        _PROJECTS,
        "A secondary artifact has an artifactIdentifier.",
        _needs_identifier("secondaryArtifacts", "artifactIdentifier"),
        source="CreateProject, secondaryArtifacts; ProjectArtifacts, artifactIdentifier",
        fails={**_OUTPUTS, "secondaryArtifacts[0].artifactIdentifier": None},
        passes=_OUTPUTS,
    ),
    rule(
        "secondary-artifact-type",
        _PROJECTS,
        "The type CODEPIPELINE is not supported for secondary artifacts.",
        _no_pipeline,
        source="ProjectArtifacts, type",
        fails={**_OUTPUTS, "secondaryArtifacts[0].type": "CODEPIPELINE"},
        passes=_OUTPUTS,
    ),
    only_with(
        "artifact-encryption",
        _PROJECTS,
        "encryptionDisabled",
        "type",
        "S3",
        at="artifacts",
        source="ProjectArtifacts, encryptionDisabled",
        fails={**_PROJECT, "artifacts.encryptionDisabled": True},
        passes={
            **_PROJECT,
            "artifacts.type": "S3",
            "artifacts.location": "bucket",
            "artifacts.encryptionDisabled": True,
        },
    ),
    only_with(
        "build-status",
        _PROJECTS,
        "reportBuildStatus",
        "type",
        _STATUS_REPORTERS,
        at="source",
        source="ProjectSource, reportBuildStatus",
        fails={**_PROJECT, "source.reportBuildStatus": True},
        passes={
            **_PROJECT,
            "source.type": "GITHUB",
            "source.location": "https://github.com/acme/churn.git",
            "source.reportBuildStatus": True,
        },
    ),
    rule(
        "vpc-members",
        _PROJECTS,
        "vpcConfig has vpcId, subnets and securityGroupIds.",
        _vpc,
        source="VpcConfig",
        fails={**_PROJECT, "vpcConfig.vpcId": "vpc-1"},
        passes={
            **_PROJECT,
            "vpcConfig.vpcId": "vpc-1",
            "vpcConfig.subnets[0]": "subnet-1",
            "vpcConfig.securityGroupIds[0]": "sg-1",
        },
    ),
    rule(
        "docker-layer-cache",
        _PROJECTS,
        "The cache mode LOCAL_DOCKER_LAYER_CACHE needs privilegedMode.",
        _docker_layers,
        source="ProjectCache, modes",
        fails={
            **_PROJECT,
            "cache.type": "LOCAL",
            "cache.modes[0]": "LOCAL_DOCKER_LAYER_CACHE",
        },
        passes={**_PROJECT, "cache.type": "LOCAL", "cache.modes[0]": "LOCAL_CUSTOM_CACHE"},
    ),
    rule(
        "cache-location",
        _PROJECTS,
        "A cache of type S3 has a location.",
        _cached_bucket,
        source="ProjectCache, location",
        fails={**_PROJECT, "cache.type": "S3"},
        passes={**_PROJECT, "cache.type": "S3", "cache.location": "bucket/prefix"},
    ),
    requires(
        "attribute-based-compute",
        _PROJECTS,
        "computeType",
        "computeConfiguration",
        when="ATTRIBUTE_BASED_COMPUTE",
        at="environment",
        source="ProjectEnvironment, computeType",
        fails={**_PROJECT, "environment.computeType": "ATTRIBUTE_BASED_COMPUTE"},
        passes={
            **_PROJECT,
            "environment.computeType": "ATTRIBUTE_BASED_COMPUTE",
            "environment.computeConfiguration.vCpu": 4,
        },
    ),
    rule(
        "curated-image-credentials",
        _PROJECTS,
        "A curated image is pulled with CODEBUILD credentials.",
        _curated,
        source="ProjectEnvironment, imagePullCredentialsType",
        fails={**_PROJECT, "environment.imagePullCredentialsType": "SERVICE_ROLE"},
        passes={**_PROJECT, "environment.imagePullCredentialsType": "CODEBUILD"},
    ),
    error="InvalidInputException",
)
