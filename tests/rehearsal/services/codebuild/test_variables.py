"""Variables of CodePipeline and of CodeBuild get their values, or say why they have none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.framework.platform import Credentials
from rehearsal.services.codebuild.engine.buildspec import Buildspec
from rehearsal.services.codebuild.engine.variables import VariableError
from rehearsal.services.codebuild.engine.variables import resolve as resolve_build
from rehearsal.services.codepipeline.engine.variables import UnresolvedVariableError, resolve
from tests.rehearsal.fakes import FakePlatform

NAMESPACES = {"Source": {"CommitId": "c0ffee", "Message": "use #{Source.CommitId}"}}


def test_references_are_replaced_once() -> None:
    text = '{"tag": "#{Source.CommitId}", "note": "#{Source.Message}"}'
    assert resolve(text, NAMESPACES) == '{"tag": "c0ffee", "note": "use #{Source.CommitId}"}'
    assert resolve("nothing", NAMESPACES) == "nothing"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#{Source.Other}", "Namespace Source has CommitId, Message"),
        ("#{Build.Version}", "Namespace Build has no variables"),
        ("#{CommitId}", "the form is"),
    ],
)
def test_unknown_references_are_named(text: str, words: str) -> None:
    with pytest.raises(UnresolvedVariableError, match=words):
        resolve(text, NAMESPACES)


class _Stores:
    """Parameter Store and Secrets Manager with one value each."""

    def get_parameters(self, *, Names: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803
        known = [name for name in Names if name == "/app/token"]
        return {
            "Parameters": [{"Name": name, "Value": "t0ken"} for name in known],
            "InvalidParameters": [name for name in Names if name not in known],
        }

    def get_secret_value(self, *, SecretId: str, **_: Any) -> dict[str, str]:  # noqa: N803
        return {"SecretString": json.dumps({"password": SecretId})}


def _resolve(tmp_path: Path, spec: Buildspec, *settings: dict[str, str]) -> dict[str, str]:
    platform = FakePlatform(tmp_path)
    platform.clients = {"ssm": _Stores(), "secretsmanager": _Stores()}
    session = platform.session(Credentials("a", "b", "c", "role"), "us-east-1")
    return resolve_build(spec, settings, session)


def test_the_projects_variables_win_over_the_specifications(tmp_path: Path) -> None:
    spec = Buildspec(
        variables={"A": "spec", "B": "spec"},
        parameter_store={"TOKEN": "/app/token", "A": "/app/token"},
        secrets_manager={"PASSWORD": "app:password"},
    )
    assert _resolve(tmp_path, spec, {"name": "A", "value": "project"}) == {
        "A": "project",
        "B": "spec",
        "TOKEN": "t0ken",
        "PASSWORD": "app",
    }


def test_variables_of_a_project_may_come_from_the_stores(tmp_path: Path) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:111111111111:secret:app-AbCdEf"
    assert _resolve(
        tmp_path,
        Buildspec(),
        {"name": "T", "value": "/app/token", "type": "PARAMETER_STORE"},
        {"name": "P", "value": f"{arn}:password", "type": "SECRETS_MANAGER"},
    ) == {"T": "t0ken", "P": arn}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"name": "T", "value": "/no", "type": "PARAMETER_STORE"}, "parameter does not exist: /no"),
        ({"name": "P", "value": "app:no", "type": "SECRETS_MANAGER"}, "no JSON key 'no'"),
    ],
)
def test_missing_values_are_named(tmp_path: Path, setting: dict[str, str], words: str) -> None:
    with pytest.raises(VariableError, match=words):
        _resolve(tmp_path, Buildspec(), setting)
