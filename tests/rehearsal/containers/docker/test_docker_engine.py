"""`docker` against the registries of a running server: sign in, build, push, pull and run."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError

from rehearsal.containers.docker.engine import DockerEngine, Invocation
from rehearsal.containers.images.store import ImageStore
from rehearsal.containers.interpreter import running_interpreter
from tests.rehearsal.conftest import ACCOUNT, REGION, Aws

HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
DOCKERFILE = f"""
ARG GREETING=hello
FROM python:{running_interpreter().minor_version}-slim
ARG GREETING
COPY main.py /opt/program/
ENV GREETING=$GREETING
ENTRYPOINT ["python3", "/opt/program/main.py"]
"""
PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
]

Docker = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "main.py").write_text(
        "import os, sys\nprint(os.environ['GREETING'], *sys.argv[1:])\n"
        "sys.exit(int(os.environ.get('CODE', 0)))\n"
    )
    return folder


@pytest.fixture
def docker(aws: Aws, shared_image_store: ImageStore, context: Path, tmp_path: Path) -> Docker:
    """Runs `docker` with words, standard input and variables; returns exit code and output."""

    def run(
        *words: str, standard_input: str = "", variables: dict[str, str] | None = None
    ) -> tuple[int, list[str]]:
        lines: list[str] = []
        engine = DockerEngine(
            shared_image_store,
            tmp_path / "docker.json",
            endpoint_url=aws.endpoint["url"],
            ca_bundle=Path(aws.endpoint["ca_bundle"]),
            output=lines.append,
        )
        return engine.execute(Invocation(words, context, standard_input, variables)), lines

    return run


def password(aws: Aws, session: boto3.Session | None = None) -> str:
    response = aws.client("ecr", session).get_authorization_token()
    token = response["authorizationData"][0]["authorizationToken"]
    user, _, found = base64.b64decode(token).decode().partition(":")
    assert user == "AWS"
    return found


def sign_in(docker: Docker, secret: str) -> tuple[int, list[str]]:
    return docker("login", "-u", "AWS", "--password-stdin", HOST, standard_input=f"{secret}\n")


def repository(aws: Aws, name: str) -> str:
    uri: str = aws.client("ecr").create_repository(repositoryName=name)["repository"][
        "repositoryUri"
    ]
    return uri


def test_an_image_is_built_tagged_pushed_pulled_and_run(aws: Aws, docker: Docker) -> None:
    uri = repository(aws, "docker/whole")
    assert sign_in(docker, password(aws)) == (0, ["Login Succeeded"])
    status, lines = docker("build", "-t", "whole", "--build-arg", "GREETING=hi", ".")
    assert status == 0, lines
    assert docker("tag", "whole", f"{uri}:1")[0] == 0
    status, lines = docker("push", f"{uri}:1")
    assert status == 0, lines
    pushed = aws.client("ecr").describe_images(repositoryName="docker/whole")["imageDetails"]
    assert [one["imageTags"] for one in pushed] == [["1"]]
    assert pushed[0]["imageDigest"] in lines[-1]
    assert docker("rmi", f"{uri}:1")[0] == 0
    assert docker("pull", f"{uri}:1")[0] == 0
    assert docker("run", "--rm", f"{uri}:1", "there") == (0, ["hi there"])


def test_a_build_without_the_cache_executes_each_instruction_again(docker: Docker) -> None:
    assert docker("build", "-t", "cached", ".")[0] == 0
    _, again = docker("build", "-t", "cached", ".")
    assert " ---> Using cache" in again
    status, fresh = docker("build", "--no-cache", "-t", "cached", ".")
    assert status == 0, fresh
    assert " ---> Using cache" not in fresh
    assert docker("run", "cached") == (0, ["hello"])


def test_a_container_has_the_given_folder_name_and_memory(docker: Docker) -> None:
    assert docker("build", "-q", "-t", "placed", ".")[0] == 0
    words = ["run", "-it", "--name", "one", "-w", "/opt/program", "--hostname", "here"]
    where = "import os, socket; print(os.getcwd(), socket.gethostname())"
    command = [*words, "--entrypoint", "python3", "placed", "-c", where]
    assert docker(*command) == (0, ["/opt/program here"])
    large = "kept = bytearray(b'x' * (200 << 20)); import time; time.sleep(30)"
    status, lines = docker("run", "-m", "64m", "--entrypoint", "python3", "placed", "-c", large)
    assert status == 137
    assert "out of memory" in lines[-1]


def test_no_container_remains_and_pruning_removes_the_tags(docker: Docker) -> None:
    assert docker("build", "-q", "-t", "pruned", ".")[0] == 0
    assert len(docker("ps", "-a")[1]) == 1
    assert docker("ps", "-q") == (0, [])
    assert docker("system", "prune", "-f")[0] == 0
    assert docker("images", "-q", "pruned")[1] != []
    assert docker("image", "prune", "-a", "-f")[0] == 0
    assert docker("images", "-q", "pruned")[1] == []


def test_a_container_s_exit_code_is_that_of_docker(docker: Docker) -> None:
    assert docker("build", "-q", "-t", "code", ".")[0] == 0
    variables = {"CODE": "7"}
    assert docker("run", "-e", "CODE", "code", variables=variables) == (7, ["hello"])
    assert docker("run", "--entrypoint", "python3", "code", "-c", "print(1)") == (0, ["1"])


def test_inspect_and_images_show_what_was_built(docker: Docker) -> None:
    docker("build", "-t", "shown:2", ".")
    status, lines = docker("inspect", "shown:2")
    found = json.loads("\n".join(lines))
    assert status == 0
    assert found[0]["RepoTags"] == ["shown:2"]
    assert found[0]["Config"]["Entrypoint"] == ["python3", "/opt/program/main.py"]
    assert docker("images", "-q") == (0, [found[0]["Id"].removeprefix("sha256:")[:12]])
    assert docker("inspect", "absent")[0] == 1


def test_inspect_finds_the_digest_in_the_registry(aws: Aws, docker: Docker) -> None:
    """Build scripts deploy an image by the digest that they pushed."""
    uri = repository(aws, "docker/digest")
    sign_in(docker, password(aws))
    docker("build", "-t", f"{uri}:1", ".")
    by_digest = ("inspect", "--format", "{{index .RepoDigests 0}}", f"{uri}:1")
    status, lines = docker(*by_digest)
    assert (status, "out of range" in lines[0]) == (1, True), "it was not pushed yet"

    docker("push", f"{uri}:1")

    (image,) = aws.client("ecr").describe_images(repositoryName="docker/digest")["imageDetails"]
    assert docker(*by_digest) == (0, [f"{uri}@{image['imageDigest']}"])
    docker("rmi", f"{uri}:1")
    docker("pull", f"{uri}:1")
    assert docker(*by_digest) == (0, [f"{uri}@{image['imageDigest']}"])
    assert docker("inspect", "-f", "{{json .RepoTags}}", f"{uri}:1") == (0, [f'["{uri}:1"]'])
    assert docker("inspect", "-f", "{{.Os}}", f"{uri}:1") == (0, ["linux"])
    status, lines = docker("inspect", "-f", "{{range .RepoTags}}", f"{uri}:1")
    assert (status, "the rehearsal supports" in lines[0]) == (1, True)


def test_a_guessed_password_is_rejected(docker: Docker) -> None:
    status, lines = sign_in(docker, "ministack-auth-token")
    assert status == 1
    assert "authorization token is invalid" in lines[0]


def test_a_push_without_a_sign_in_says_how_to_sign_in(aws: Aws, docker: Docker) -> None:
    uri = repository(aws, "docker/anonymous")
    docker("build", "-t", uri, ".")
    status, lines = docker("push", uri)
    assert status == 1
    assert "aws ecr get-login-password" in lines[-1]


def test_a_push_has_the_permissions_of_the_role_that_got_the_password(
    aws: Aws, docker: Docker
) -> None:
    uri = repository(aws, "docker/roles")
    reader = aws.person("docker-reader", {"Action": "ecr:GetAuthorizationToken"})
    assert sign_in(docker, password(aws, reader))[0] == 0
    docker("build", "-t", uri, ".")
    status, lines = docker("push", uri)
    assert status == 1
    assert "denied" in lines[-1]
    assert "docker-reader" in lines[-1]
    writer = aws.person("docker-writer", {"Action": ["ecr:GetAuthorizationToken", *PUSH]})
    assert sign_in(docker, password(aws, writer))[0] == 0
    assert docker("push", uri)[0] == 0


def test_a_password_needs_the_permission_for_it(aws: Aws) -> None:
    nobody = aws.person("docker-nobody")
    with pytest.raises(ClientError, match="ecr:GetAuthorizationToken"):
        password(aws, nobody)


def test_a_repository_that_does_not_exist_is_named(aws: Aws, docker: Docker) -> None:
    sign_in(docker, password(aws))
    docker("build", "-t", f"{HOST}/docker/missing", ".")
    status, lines = docker("push", f"{HOST}/docker/missing")
    assert status == 1
    assert "docker/missing" in lines[-1]
    assert "does not exist" in lines[-1]


def test_an_immutable_tag_takes_the_same_image_only(
    aws: Aws, docker: Docker, context: Path
) -> None:
    aws.client("ecr").create_repository(
        repositoryName="docker/fixed", imageTagMutability="IMMUTABLE"
    )
    uri = f"{HOST}/docker/fixed:1"
    sign_in(docker, password(aws))
    docker("build", "-t", uri, ".")
    assert docker("push", uri)[0] == 0
    assert docker("push", uri)[0] == 0
    (context / "main.py").write_text("print('another')\n")
    docker("build", "-t", uri, ".")
    status, lines = docker("push", uri)
    assert status == 1
    assert "already exists" in lines[-1]


def test_registries_outside_of_ecr_are_rejected_by_name(docker: Docker) -> None:
    docker("build", "-t", "docker.io/me/churn", ".")
    status, lines = docker("push", "docker.io/me/churn")
    assert status == 1
    assert "registries of Amazon ECR only" in lines[-1]


def test_a_link_of_the_context_leads_nowhere_outside(docker: Docker, context: Path) -> None:
    (context / "evil").symlink_to("/etc")
    (context / "Dockerfile").write_text(DOCKERFILE + "COPY evil/passwd /opt/program/\n")
    status, lines = docker("build", "-t", "evil", ".")
    assert status == 1
    assert "forbidden path outside the build context" in lines[-1]


def test_an_image_that_was_not_pushed_is_not_described(aws: Aws) -> None:
    repository(aws, "docker/empty")
    with pytest.raises(ClientError, match="imageTag:'1'") as raised:
        aws.client("ecr").describe_images(
            repositoryName="docker/empty", imageIds=[{"imageTag": "1"}]
        )
    assert raised.value.response["Error"]["Code"] == "ImageNotFoundException"


def test_an_unsigned_request_gets_no_password(aws: Aws) -> None:
    with pytest.raises(ClientError, match=r"(?i)authentication|not authorized|denied"):
        aws.client("ecr", signature_version=UNSIGNED).get_authorization_token()
