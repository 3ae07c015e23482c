"""A loop in a fresh copy of the checkout, which the tests of this folder share.

It builds, trains and serves, which takes minutes, so it runs once.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.end_to_end.tables import subscriptions
from tests.repository_copy import copy_repository

ROOT = Path(__file__).parents[2]
# A request for the default project: what is known before a departure.
FLIGHT = "B6,JFK,SFO,2586,1,1229,1439,15,71.96,69.98,93.49,180,14.96,,0,1017.4,9,2007,200"
TIMEOUT_SECONDS = 3600.0  # far above the minutes of a command on a busy machine


@cache
def client_of(url: str, bundle: str, key_id: str, secret: str, region: str, service: str) -> Any:
    """Returns a client of a local AWS; a new one would read the models of its API again."""
    return boto3.Session(key_id, secret, region_name=region).client(
        service,  # type: ignore[call-overload]
        endpoint_url=url,
        verify=bundle,
        config=Config(s3={"addressing_style": "path"}),
    )


@dataclass(frozen=True)
class Checkout:
    """A copy of the checkout in which `rehearse` runs."""

    folder: Path

    def rehearse(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a command and returns its result, also if it fails."""
        return subprocess.run(
            [sys.executable, "-m", "rehearsal", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def clone(self, repository: str, project: str = "rehearsal") -> Path:
        """Returns the clone of a repository of a project: `model-build` or `model-deploy`."""
        return self.folder / "build/rehearsal/projects" / project / repository

    @cached_property
    def environment(self) -> dict[str, str]:
        """The variables of `rehearse env` for the tools of AWS."""
        shell = self.rehearse("env")
        assert shell.returncode == 0, shell.stderr
        printed = subprocess.run(
            ["bash", "-c", f"{shell.stdout}\n env -0"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return dict(line.split("=", 1) for line in printed.split("\0") if "=" in line)

    def client(self, service: str) -> Any:
        """Returns a client of boto3, for requests without the aws CLI."""
        return client_of(
            self.environment["AWS_ENDPOINT_URL"],
            self.environment["AWS_CA_BUNDLE"],
            self.environment["AWS_ACCESS_KEY_ID"],
            self.environment["AWS_SECRET_ACCESS_KEY"],
            self.environment["AWS_REGION"],
            service,
        )

    def aws(self, *arguments: str) -> Any:
        """Returns the output of the aws CLI."""
        result = self._run_aws(arguments, {})
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout or "null")

    def rejected(self, access_key: str, secret_key: str, *arguments: str) -> str:
        """Returns the error of the aws CLI for a call that is rejected."""
        keys = {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret_key}
        result = self._run_aws(arguments, keys)
        assert result.returncode != 0
        return result.stderr

    def _run_aws(
        self, arguments: Sequence[str], variables: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).parent / "aws"), *arguments, "--output", "json"],
            env=self.environment | variables,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )


@dataclass(frozen=True)
class Loop(Checkout):
    """A checkout whose project `rehearsal` completed the loop; its local AWS still runs.

    `row` is a request for the project's endpoint.
    """

    summary: dict[str, Any]
    row: str


@contextmanager
def _copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    copied = Checkout(copy_repository(tmp_path_factory.mktemp("checkout")))
    yield copied
    copied.rehearse("down")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """The checkout of the loop."""
    with _copied(tmp_path_factory) as copied:
        yield copied


@pytest.fixture(scope="module")
def separate_checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Another checkout with another local AWS, for tests that would affect the loop."""
    with _copied(tmp_path_factory) as copied:
        yield copied


@pytest.fixture(scope="session")
def loop(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """The loop with a table of a user: text columns, missing values and text labels."""
    table = subscriptions()
    data = table.write(tmp_path_factory.mktemp("data"))
    described = ("--target", table.target, "--problem-type", table.problem_type)
    return _run(checkout, table.request(), "--short", "--data", str(data), *described)


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    """A checkout that completed the whole story of flights; its local AWS still runs."""
    with _copied(tmp_path_factory) as copied:
        yield _run(copied, FLIGHT)


def _run(checkout: Checkout, row: str, *options: str) -> Loop:
    config = ("--config", "config/rehearsal.yaml")
    result = checkout.rehearse("run", "--keep-up", *config, *options)
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-4000:]
    summary = json.loads((checkout.folder / "build/rehearsal/summary.json").read_text())
    return Loop(checkout.folder, summary, row)
