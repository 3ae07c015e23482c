"""An action reads its input artifacts, and names one that it cannot read."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.codepipeline.actions.action import (
    ActionFailedError,
    ActionRun,
    ArtifactStore,
)
from rehearsal.services.codepipeline.records import ActionExecution, ArtifactLocation
from tests.rehearsal.fakes import ROLE, SCOPE, FakePlatform, FakeSession


class Store:
    """S3, which has no object and allows no request if `code` says so."""

    def __init__(self, code: str, message: str) -> None:
        self.error = {"Code": code, "Message": message}

    def get_object(self, **_: Any) -> Any:
        raise ClientError({"Error": self.error}, "GetObject")  # type: ignore[typeddict-item]


class Session(FakeSession):
    def __init__(self, store: Store) -> None:
        super().__init__(FakePlatform(), ROLE, "us-east-1")
        self._store = store

    def client(self, name: str, **_: Any) -> Any:
        return self._store


def action(store: Store) -> ActionRun:
    location = ArtifactLocation("churn-artifacts", "churn-deploy/Templates/a1b2c3d")
    session: Any = Session(store)
    return ActionRun(
        platform=FakePlatform(),
        scope=SCOPE,
        pipeline="churn-deploy",
        session=session,
        principal_arn=ROLE,
        configuration={},
        declaration={},
        inputs={"Templates": location},
        store=ArtifactStore(bucket="churn-artifacts", key_id=None, region="us-east-1"),
        record=ActionExecution("e", 1, "Deploy", {"name": "Deploy"}, "us-east-1"),
        requested_revision=None,
        requested_branch=None,
        decisions=None,
        abandoned=threading.Event(),
        deadline=0,
        changed=lambda: None,
    )


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("NoSuchKey", "The specified key does not exist.", "JobFailed"),
        ("AccessDenied", "Access Denied", "PermissionError"),
    ],
)
def test_an_artifact_that_cannot_be_read_is_named(code: str, message: str, kind: str) -> None:
    run = action(Store(code, message))

    with (
        pytest.raises(ActionFailedError) as caught,
        run.input_directory("Templates"),
    ):
        pass

    assert caught.value.message == (
        "Unable to access the artifact with Amazon S3 object key "
        "'churn-deploy/Templates/a1b2c3d' located in the Amazon S3 artifact bucket "
        f"'churn-artifacts' (artifact Templates). {code}: {message}"
    )
    assert caught.value.code == kind
