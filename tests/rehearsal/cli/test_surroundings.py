"""The command in surroundings that users have: profiles, proxies, paths, locales."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DEAD_PROXY = "http://127.0.0.1:1"
TIMEOUT_SECONDS = 300
KINDS = {
    "a profile that does not exist": {"AWS_PROFILE": "prod-admin"},
    "a default profile": {"AWS_DEFAULT_PROFILE": "prod-admin"},
    "a broken configuration file": {"AWS_CONFIG_FILE": "broken.cfg"},
    "a broken credentials file": {"AWS_SHARED_CREDENTIALS_FILE": "broken.cfg"},
    "credentials of a real account": {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_REGION": "eu-north-1",
    },
    "endpoints of a real account": {
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_ENDPOINT_URL": DEAD_PROXY,
        "AWS_ENDPOINT_URL_SAGEMAKER": DEAD_PROXY,
        "AWS_CA_BUNDLE": "/nonexistent",
    },
    "a proxy": {
        "HTTP_PROXY": DEAD_PROXY,
        "HTTPS_PROXY": DEAD_PROXY,
        "http_proxy": DEAD_PROXY,
        "https_proxy": DEAD_PROXY,
        "ALL_PROXY": DEAD_PROXY,
    },
    "a proxy with exceptions": {"HTTPS_PROXY": DEAD_PROXY, "NO_PROXY": "example.com"},
    "the C locale": {"LC_ALL": "C", "LANG": "C"},
    "output without Unicode": {"PYTHONIOENCODING": "ascii"},
    "no home": {"HOME": ""},
}


def run(
    folder: Path,
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    given = {name: v for name, v in os.environ.items() if not name.startswith("AWS_")}
    environment = {**given, "PYTHONPATH": str(ROOT), **(variables or {})}
    for name in without:
        environment.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", "rehearsal", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with blanks and an umlaut, in which the local AWS was started with every kind."""
    place = tmp_path_factory.mktemp("pfad mit ü und leer")
    (place / "broken.cfg").write_text("[profile x\noops\n")
    everything = {name: value for kind in KINDS.values() for name, value in kind.items()}
    began = run(place, "up", "--json", variables=everything, without=("HOME",))
    assert began.returncode == 0, began.stderr
    assert json.loads(began.stdout)["started"]
    yield place
    ended = run(place, "down", "--delete")
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_command_reaches_the_local_aws_with(folder: Path, kind: str) -> None:
    done = run(folder, "status", "none", variables=KINDS[kind])
    assert "Project 'none' does not exist." in done.stderr, done.stderr


def test_a_command_reaches_the_local_aws_without_home(folder: Path) -> None:
    done = run(folder, "status", "none", without=("HOME", "USER", "LOGNAME"))
    assert "Project 'none' does not exist." in done.stderr, done.stderr


def test_the_variables_of_env_work_in_a_shell_with_a_proxy_and_a_profile(folder: Path) -> None:
    surroundings = KINDS["a proxy"] | KINDS["a profile that does not exist"]
    exports = run(folder, "env", variables=surroundings).stdout
    aws = Path(sys.executable).parent / "aws"
    done = subprocess.run(
        ["bash", "-c", f"{exports}\n{aws} sts get-caller-identity --query Arn --output text"],
        cwd=folder,
        env={**os.environ, **surroundings},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.stdout.strip() == "arn:aws:iam::111111111111:root", done.stderr


def test_git_reaches_the_local_aws_past_a_proxy(folder: Path) -> None:
    surroundings = KINDS["a proxy"]
    variables = json.loads(run(folder, "env", "--json", variables=surroundings).stdout)
    environment = {**os.environ, **surroundings, **variables}
    aws = [str(Path(sys.executable).parent / "aws"), "codecommit"]
    name = ["--repository-name", "past-a-proxy"]
    for command in (
        [*aws, "create-repository", *name],
        ["git", "ls-remote", f"{variables['AWS_ENDPOINT_URL']}/v1/repos/past-a-proxy"],
    ):
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_other_programs_of_the_system_cannot_read_the_state(folder: Path) -> None:
    state = folder / "build/rehearsal/aws"
    for name in (state, state / "private", state / "tls/key.pem"):
        if name.exists():
            assert name.stat().st_mode & 0o077 == 0, name


@pytest.mark.parametrize("obstacle", ["a file", "a folder without permission"])
def test_what_keeps_it_from_starting_is_said_at_once_in_a_few_lines(
    tmp_path: Path, obstacle: str
) -> None:
    if obstacle == "a file":
        (tmp_path / "build").write_text("")
    elif os.geteuid() == 0:
        # No permission keeps root out; a link to nowhere does.
        (tmp_path / "build").symlink_to("/proc/nonexistent/build")
    else:
        tmp_path.chmod(0o500)
    began = time.monotonic()
    done = run(tmp_path, "up")
    tmp_path.chmod(0o700)
    assert done.returncode == 1
    assert time.monotonic() - began < 60
    assert "Traceback" not in done.stderr
    assert 1 < len(done.stderr.strip().splitlines()) <= 3, done.stderr


def test_env_acts_as_a_role_of_another_region_in_a_shell(folder: Path) -> None:
    aws = Path(sys.executable).parent / "aws"
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    )

    def shell(command: str, *options: str) -> subprocess.CompletedProcess[str]:
        exports = run(folder, "env", "--account", "222222222222", *options).stdout
        return subprocess.run(
            ["bash", "-c", f"{exports}\n{aws} {command}"],
            cwd=folder,
            env={**os.environ, "AWS_SESSION_TOKEN": "of another session"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    made = shell(
        f"iam create-role --role-name DataScientist --assume-role-policy-document '{trust}'"
    )
    assert made.returncode == 0, made.stderr
    role = ("--role", "data-scientist", "--region", "eu-west-1")
    shown = shell('sts get-caller-identity --query "[Account, Arn]" --output text', *role)
    assert shown.stdout.split() == [
        "222222222222",
        "arn:aws:sts::222222222222:assumed-role/DataScientist/rehearse",
    ], shown.stderr
    denied = shell("s3api list-buckets", *role)
    assert "AccessDenied" in denied.stderr
    variables = json.loads(run(folder, "env", "--json", "--account", "222222222222", *role).stdout)
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-1"
