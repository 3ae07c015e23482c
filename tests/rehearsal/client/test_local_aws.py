"""Finding the local AWS, and the settings of programs for it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.client import local_aws
from rehearsal.client.errors import RehearsalError
from rehearsal.framework.root_keys import RootKeys
from tests.rehearsal.stubbed_aws import StubbedAws


@pytest.fixture
def server() -> Iterator[int]:
    """A process that looks like the server, and its id."""
    command = [sys.executable, "-c", "input()", local_aws.SERVER_MODULE]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield process.pid
        process.communicate(b"\n")


def write_endpoint(directory: Path, pid: int) -> None:
    endpoint = {
        "url": "https://127.0.0.1:4566",
        "port": 4566,
        "pid": pid,
        "ca_bundle": str(directory / "ca.pem"),
        "accounts": ["111111111111"],
        "region": "us-east-1",
        "proxy": "http://127.0.0.1:4567",
    }
    (directory / "endpoint.json").write_text(json.dumps(endpoint))
    RootKeys.create(directory)


def test_a_server_that_runs_is_found(tmp_path: Path, server: int) -> None:
    write_endpoint(tmp_path, server)
    found = local_aws.find(tmp_path)
    assert found
    assert (found.url, found.pid, found.account) == (
        "https://127.0.0.1:4566",
        server,
        "111111111111",
    )


def test_a_server_that_died_is_forgotten(tmp_path: Path) -> None:
    write_endpoint(tmp_path, 2**22 + 1)
    assert local_aws.find(tmp_path) is None


def test_another_program_that_got_the_id_of_the_server_is_no_server(tmp_path: Path) -> None:
    write_endpoint(tmp_path, os.getpid())
    assert local_aws.find(tmp_path) is None


def test_a_half_written_endpoint_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "endpoint.json").write_text('{"url": "https')
    assert local_aws.find(tmp_path) is None


def test_a_command_that_needs_the_local_aws_says_how_to_start_it(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match="not running") as caught:
        local_aws.require(tmp_path)
    assert "rehearse up" in caught.value.remedy


def test_variables_point_aws_and_git_at_it_and_leave_other_remotes_alone() -> None:
    variables = StubbedAws().variables()
    assert variables["AWS_ENDPOINT_URL"] == "https://127.0.0.1:1"
    assert variables["AWS_ACCESS_KEY_ID"] == "111111111111"
    secret = StubbedAws().root_keys.secret_access_key("111111111111")
    assert variables["AWS_SECRET_ACCESS_KEY"] == secret
    assert variables["NODE_EXTRA_CA_CERTS"] == variables["AWS_CA_BUNDLE"] == "/ca.pem"
    settings = [
        (variables[f"GIT_CONFIG_KEY_{index}"], variables[f"GIT_CONFIG_VALUE_{index}"])
        for index in range(int(variables["GIT_CONFIG_COUNT"]))
    ]
    assert all("127.0.0.1:1" in key for key, _ in settings)
    assert any("codecommit credential-helper --ignore-host-check" in value for _, value in settings)


def test_git_understands_the_variables() -> None:
    environment = {**os.environ, **StubbedAws().variables()}
    result = subprocess.run(
        ["git", "config", "--get-urlmatch", "credential.helper", "https://127.0.0.1:1/v1/repos/x"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "codecommit credential-helper" in result.stdout
    assert environment["GIT_SSL_CAINFO"] == "/ca.pem"


def test_credentials_and_profiles_of_the_user_do_not_reach_programs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "company")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    environment = StubbedAws().environment()
    assert "AWS_PROFILE" not in environment
    assert "AWS_SESSION_TOKEN" not in environment
    assert environment["PATH"].startswith(str(Path(sys.executable).parent))


def test_an_aws_behind_a_closed_port_is_not_ready(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    aws = local_aws.LocalAws(
        *("http://127.0.0.1:1", 1, 1, bundle, ("111111111111",), "us-east-1"),
        RootKeys.random(),
        "http://127.0.0.1:2",
    )
    assert not aws.is_ready()
