"""The variables by which the rehearsal's proxy replaces the user's."""

import subprocess
import sys

import pytest

from rehearsal.framework.aws_hosts import is_aws_host
from rehearsal.framework.proxy_settings import UserProxy, in_containers

OURS = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    "host",
    [
        "sts.eu-central-1.amazonaws.com",
        "my-bucket.s3.amazonaws.com",
        "API.SageMaker.us-east-1.amazonaws.com",
        "runtime.sagemaker.cn-north-1.amazonaws.com.cn",
        "s3.dualstack.us-east-1.api.aws",
        "abc.lambda-url.us-east-1.on.aws",
        "mlflow.sagemaker.us-east-1.app.aws",
        "us-east-1.experiments.sagemaker.aws",
    ],
)
def test_hosts_of_aws(host: str) -> None:
    assert is_aws_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "example.org",
        "awscli.amazonaws.com",
        "amazonaws.com.example.net",
        "notamazonaws.com",
        "aws.amazon.com",
        "",
    ],
)
def test_other_hosts(host: str) -> None:
    assert not is_aws_host(host)


def test_the_user_has_no_proxy() -> None:
    assert UserProxy.of({"PATH": "/bin"}) == UserProxy()
    variables = UserProxy().replaced_by(OURS)
    assert variables["HTTPS_PROXY"] == variables["https_proxy"] == OURS
    assert variables["NO_PROXY"] == variables["no_proxy"] == "127.0.0.1,localhost"


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_the_proxy_of_the_user_is_kept_for_other_hosts(name: str) -> None:
    proxy = UserProxy.of({name: "http://proxy:3128", "NO_PROXY": ".internal"})
    assert proxy.url_for("example.org") == "http://proxy:3128"
    assert proxy.url_for("git.internal") == ""


def test_exceptions_for_aws_do_not_bypass_the_rehearsal() -> None:
    given = (
        "localhost,.internal,*.amazonaws.com,.s3.eu-west-1.amazonaws.com,com,api.aws:443,10.0.0.0/8"
    )
    variables = UserProxy("http://proxy:3128", given).replaced_by(OURS)
    assert variables["NO_PROXY"] == "127.0.0.1,localhost,.internal,10.0.0.0/8"


def test_the_exception_for_all_hosts_does_not_bypass_the_rehearsal() -> None:
    proxy = UserProxy("http://proxy:3128", "*")
    assert proxy.replaced_by(OURS)["NO_PROXY"] == "127.0.0.1,localhost"
    assert proxy.url_for("example.org") == ""


@pytest.mark.parametrize("user", [UserProxy(), UserProxy("http://proxy:3128", ".internal")])
def test_a_shell_that_evaluates_the_variables_twice_keeps_the_users_proxy(user: UserProxy) -> None:
    first = user.replaced_by("http://127.0.0.1:8")
    again = UserProxy.of(first)
    assert again == user
    assert again.replaced_by(OURS) == {**first, "HTTPS_PROXY": OURS, "https_proxy": OURS}


def test_containers_have_the_proxy_of_the_user_and_no_other() -> None:
    server = UserProxy("http://proxy:3128", ".internal").replaced_by(OURS)
    found = in_containers({"PATH": "/bin", **server})
    assert found["HTTPS_PROXY"] == found["https_proxy"] == "http://proxy:3128"
    assert found["NO_PROXY"].startswith(".internal,127.0.0.1,localhost,.amazonaws.com")
    assert OURS not in found.values()


def test_containers_of_a_user_without_a_proxy_have_none() -> None:
    assert in_containers({"PATH": "/bin", **UserProxy().replaced_by(OURS)}) == {"PATH": "/bin"}


def test_the_proxy_for_http_is_kept_in_containers() -> None:
    found = in_containers({"http_proxy": "http://proxy:3128"})
    assert found["http_proxy"] == "http://proxy:3128"
    assert ".amazonaws.com" in found["no_proxy"]


def test_python_reads_the_variables_as_intended() -> None:
    program = (
        "import urllib.request as u\n"
        "print(u.getproxies()['https'])\n"
        "print([bool(u.proxy_bypass(host)) for host in "
        "('127.0.0.1:4566', 'localhost', 'sts.us-east-1.amazonaws.com', 'example.org')])"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=UserProxy("http://proxy:3128", "*").replaced_by(OURS),
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split("\n")[:2] == [OURS, "[True, True, False, False]"]
