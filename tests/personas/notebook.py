"""A notebook: a Python session that uses the SageMaker SDK with its default configuration."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager

import boto3

from tests.personas.conftest import Person


@contextmanager
def notebook(person: Person) -> Iterator[None]:
    """Returns the variables of a user's session, after the script that Studio runs."""
    _run_lifecycle_script(person)
    # The SDK reads the home folder of the process that imports it, which several users share here.
    configuration = str(person.folder / ".config/sagemaker/config.yaml")
    given = {**person.environment, "SAGEMAKER_USER_CONFIG_OVERRIDE": configuration}
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(given)
    _forget_sessions()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        _forget_sessions()


def _run_lifecycle_script(person: Person) -> None:
    name = person.outputs["LifecycleConfig"].rpartition("/")[2]
    found = person.aws.client("sagemaker").describe_studio_lifecycle_config(
        StudioLifecycleConfigName=name
    )
    script = person.folder / "start.sh"
    script.write_bytes(base64.b64decode(found["StudioLifecycleConfigContent"]))
    person.does("bash", str(script))


def _forget_sessions() -> None:
    from sagemaker.core.utils.utils import SageMakerClient

    SageMakerClient.reset()
    boto3.DEFAULT_SESSION = None
