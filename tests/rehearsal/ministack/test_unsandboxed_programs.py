"""No service of ministack runs code of a user as a process of the server."""

import ast
from pathlib import Path
from typing import Any

import ministack
import pytest
from botocore.exceptions import ClientError

from rehearsal.ministack import registry

CODE = "import { util } from '@aws-appsync/utils'; export function request() { return 1; }"
# Its command is `openssl` or `mkcert`, for the certificate of a server that has none.
WITHOUT_CODE_OF_USERS = {"ministack.core.tls", "ministack.app"}


def test_a_glue_job_is_rejected_by_name(aws: Any) -> None:
    glue = aws.client("glue")
    role = aws.role("glue-job", {"Service": "glue.amazonaws.com"})
    command = {"Name": "pythonshell", "ScriptLocation": "s3://any/script.py"}
    glue.create_job(Name="job", Role=role, Command=command)
    with pytest.raises(ClientError, match="The rehearsal runs no Glue jobs"):
        glue.start_job_run(JobName="job")


def test_javascript_of_a_resolver_is_not_run(aws: Any) -> None:
    with pytest.raises(ClientError):
        aws.client("appsync").evaluate_code(
            runtime={"name": "APPSYNC_JS", "runtimeVersion": "1.0.0"},
            code=CODE,
            context="{}",
            function="request",
        )


def test_each_module_that_starts_processes_is_patched() -> None:
    folder = Path(ministack.__file__).parent
    starting = set()
    for path in folder.rglob("*.py"):
        imported = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        if "subprocess" in imported:
            name = ".".join(("ministack", *path.relative_to(folder).with_suffix("").parts))
            starting.add(name)
    targets = {str(patch.target) for patch in registry.load().patches}
    closed = {name for name in starting if f"{name}:subprocess" in targets}
    # StartJobRun, the only operation of Glue that starts one, is rejected.
    closed |= (
        {"ministack.services.glue"} if "ministack.app:SERVICE_HANDLERS[glue]" in targets else set()
    )
    assert starting - closed == WITHOUT_CODE_OF_USERS
