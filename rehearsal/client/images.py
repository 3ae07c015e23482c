"""Images of a user: built from a folder with a Dockerfile, and pushed to Amazon ECR."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import ClientError

from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import STATE_DIRECTORY, STATE_VARIABLE, LocalAws, require
from rehearsal.containers.docker.command_line import DockerError
from rehearsal.containers.docker.engine import DockerEngine, Invocation
from rehearsal.containers.docker.program import context_of
from rehearsal.containers.images.store import ImageStore


@dataclass(frozen=True)
class PushedImage:
    """An image in Amazon ECR: its URI with the tag, and the digest of its content."""

    uri: str
    digest: str


def build_and_push(
    aws: LocalAws,
    directory: Path,
    tag: str,
    *,
    dockerfile: str = "Dockerfile",
    output: Callable[[str], None],
) -> PushedImage:
    """Builds an image and pushes it to a repository of the first account.

    Args:
        aws: the local AWS.
        directory: the folder of the build context.
        tag: `REPOSITORY` or `REPOSITORY:TAG`; the tag is `latest` by default.
        dockerfile: path of the Dockerfile in the folder. Defaults to `Dockerfile`.
        output: receives the lines of the build log.

    Raises:
        RehearsalError: the folder or the repository does not exist, or the image cannot be built.
    """
    if not directory.is_dir():
        raise RehearsalError(
            f"{directory} is not a folder.", "", "Pass the folder that has the Dockerfile."
        )
    repository, _, version = tag.partition(":")
    ecr = aws.client("ecr")
    try:
        found = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]
    except ClientError as error:
        raise RehearsalError(
            f"There is no repository {repository!r} in {aws.account} and {aws.region}.",
            error.response["Error"]["Message"],
            f"Create it: aws ecr create-repository --repository-name {repository}",
        ) from error
    uri = f"{found['repositoryUri']}:{version or 'latest'}"
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    password = base64.b64decode(token).decode().partition(":")[2]
    lines: list[str] = []

    def log(line: str) -> None:
        lines.append(line)
        output(line)

    engine = _engine(aws, STATE_DIRECTORY, log)
    host = uri.partition("/")[0]
    commands = (
        (["build", "--file", dockerfile, "--tag", uri, str(directory)], ""),
        (["login", "--username", "AWS", "--password-stdin", host], password),
        (["push", uri], ""),
    )
    for arguments, standard_input in commands:
        call = Invocation(arguments, directory, standard_input)
        if engine.execute(call):
            raise RehearsalError(
                f"The image {tag} could not be built and pushed.",
                lines[-1] if lines else "",
                "Correct the Dockerfile, and run the command again.",
            )
    digest = next((line.split()[-1] for line in lines if line.startswith("Successfully built")), "")
    return PushedImage(uri, digest)


def docker(
    arguments: Sequence[str],
    *,
    variables: Mapping[str, str],
    standard_input: Callable[[], str],
    output: Callable[[str], None],
) -> int:
    """Executes `docker ARGUMENTS` with the images of the running local AWS; returns the exit code.

    Args:
        arguments: the words after `docker`.
        variables: the environment; REHEARSAL_STATE_DIRECTORY names the state directory, by
            default `build/rehearsal/aws` of the current folder.
        standard_input: reads the standard input, called if the command reads it.
        output: receives the lines of output.

    Raises:
        RehearsalError: the local AWS is not running.
    """
    state = Path(variables.get(STATE_VARIABLE) or STATE_DIRECTORY)
    try:
        context, dockerfile = context_of(arguments)
    except OSError as error:
        raise DockerError(f"ERROR: unable to prepare context: {error}") from error
    password = standard_input() if "--password-stdin" in arguments else ""
    call = Invocation(arguments, context or Path(), password, variables, dockerfile)
    return _engine(require(state), state, output).execute(call)


def _engine(aws: LocalAws, state: Path, output: Callable[[str], None]) -> DockerEngine:
    return DockerEngine(
        ImageStore(state / "images"),
        state.resolve() / "docker.json",
        endpoint_url=aws.url,
        ca_bundle=aws.ca_bundle,
        output=output,
    )
