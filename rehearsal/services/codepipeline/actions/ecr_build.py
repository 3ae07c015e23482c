"""Build action ECRBuildAndPublish: builds an image from a Dockerfile for Amazon ECR.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECRBuildAndPublish.html
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import ClientError

from rehearsal.containers.build_log import BuildLog
from rehearsal.containers.images import registry as image_registry
from rehearsal.containers.images.dockerfile import DockerfileError
from rehearsal.containers.images.run_instruction import ImageBuildError
from rehearsal.containers.images.store import ImageStore
from rehearsal.services.codepipeline.actions.action import (
    ActionFailedError,
    ActionProvider,
    ActionResult,
    ActionRun,
)

_DEFAULT_TAG = "latest"
_DOCKERFILE = "Dockerfile"


def run(action: ActionRun) -> ActionResult:
    """Builds the image of the input artifact and pushes it with the action's role."""
    configuration = action.configuration
    name = configuration["ECRRepositoryName"]
    tags = [tag.strip() for tag in configuration.get("ImageTags", _DEFAULT_TAG).split(",")]
    repository = _repository_uri(action, name)
    log = _open_log(action)
    try:
        with action.input_directory(next(iter(action.inputs))) as directory:
            context = _context(directory, configuration.get("DockerFilePath", "."))
            log.container(f"Running command docker build -t {name} .")
            store = ImageStore(action.platform.state_directory / "images")
            image = store.build(context, _DOCKERFILE, log.output, stop=action.abandoned)
        log.container(f"Running command docker push {repository} ({', '.join(tags)})")
        digest = image_registry.publish(action.session, repository, tags, image)
        log.container(f"Pushed {digest}")
    except (DockerfileError, ImageBuildError) as error:
        log.container(str(error))
        raise ActionFailedError(f"Image build failed: {error}") from error
    finally:
        log.close()
    return ActionResult(
        variables={"ECRImageDigestId": digest, "ECRRepositoryName": name},
        summary=f"{repository}:{tags[0]}",
    )


def _repository_uri(action: ActionRun, name: str) -> str:
    try:
        found = action.client("ecr").describe_repositories(repositoryNames=[name])
    except ClientError as error:
        if error.response["Error"]["Code"] == "RepositoryNotFoundException":
            raise ActionFailedError(
                error.response["Error"]["Message"], code="ConfigurationError"
            ) from error
        raise
    uri: str = found["repositories"][0]["repositoryUri"]
    return uri


def _open_log(action: ActionRun) -> BuildLog:
    """Opens the log of a compute action, /aws/codepipeline/PIPELINE, with the action's role."""
    group, stream = f"/aws/codepipeline/{action.pipeline}", action.record.identifier
    log = BuildLog()
    log.open(action.session, group, stream)
    account = action.principal_arn.split(":")[4]
    action.report(
        external_id=stream,
        log_stream_arn=(
            f"arn:aws:logs:{action.record.region}:{account}:log-group:{group}:log-stream:{stream}"
        ),
    )
    return log


def _context(directory: Path, path: str) -> Path:
    """Returns the folder with the Dockerfile, the context of the build."""
    folder = (directory / path).resolve()
    if folder.name == _DOCKERFILE and folder.is_file():
        folder = folder.parent
    if not folder.is_relative_to(directory.resolve()) or not (folder / _DOCKERFILE).is_file():
        raise ActionFailedError(
            f"DockerFilePath {path}: that folder of the input artifact has no {_DOCKERFILE}",
            code="ConfigurationError",
        )
    return folder


def _check(configuration: Mapping[str, str]) -> list[str]:
    registry = configuration.get("RegistryType", "private")
    if registry != "private":
        return [f"the rehearsal supports private registries only, got RegistryType {registry}"]
    return []


ECR_BUILD_AND_PUBLISH = ActionProvider(
    category="Build",
    provider="ECRBuildAndPublish",
    run=run,
    required=frozenset({"ECRRepositoryName"}),
    optional=frozenset({"DockerFilePath", "ImageTags", "RegistryType"}),
    inputs=(1, 1),
    outputs=(0, 0),
    v2_only=True,
    check=_check,
)
