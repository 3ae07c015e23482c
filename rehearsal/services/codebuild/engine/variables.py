"""The environment variables of a build.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from rehearsal.framework.clients import aws_client
from rehearsal.services.codebuild.engine.buildspec import Buildspec

_PARAMETERS_PER_CALL = 10


class VariableError(Exception):
    """A variable whose value cannot be had from Parameter Store or Secrets Manager."""


def resolve(
    spec: Buildspec, settings: Iterable[Mapping[str, str]], session: boto3.Session
) -> dict[str, str]:
    """The variables of a build specification, then those of the project and of StartBuild.

    `settings` are EnvironmentVariable structures; the later one of a name wins. Raises
    VariableError.
    """
    variables = dict(spec.variables)
    parameters = dict(spec.parameter_store)
    secret_references = dict(spec.secrets_manager)
    for setting in settings:
        name, value = setting["name"], setting["value"]
        for sort in (variables, parameters, secret_references):
            sort.pop(name, None)
        match setting.get("type", "PLAINTEXT"):
            case "PARAMETER_STORE":
                parameters[name] = value
            case "SECRETS_MANAGER":
                secret_references[name] = value
            case _:
                variables[name] = value
    try:
        variables |= _parameters(parameters, session)
        for name, reference in secret_references.items():
            variables[name] = _secret(reference, session)
    except ClientError as error:
        described = error.response["Error"]
        raise VariableError(f"{described['Code']}: {described.get('Message', '')}") from error
    return variables


def _parameters(names: Mapping[str, str], session: boto3.Session) -> dict[str, str]:
    values: dict[str, str] = {}
    wanted = sorted(set(names.values()))
    if not wanted:
        return {}
    client: Any = aws_client(session, "ssm")
    for start in range(0, len(wanted), _PARAMETERS_PER_CALL):
        batch = wanted[start : start + _PARAMETERS_PER_CALL]
        answer = client.get_parameters(Names=batch, WithDecryption=True)
        if answer.get("InvalidParameters"):
            missing = ", ".join(answer["InvalidParameters"])
            raise VariableError(f"parameter does not exist: {missing}")
        values |= dict(zip(batch, batch, strict=True))
        values |= {found["Name"]: found["Value"] for found in answer["Parameters"]}
    return {variable: values[name] for variable, name in names.items()}


def _secret(reference: str, session: boto3.Session) -> str:
    """`secret-id:json-key:version-stage:version-id`; a secret's ARN has seven parts itself."""
    parts = reference.split(":")
    width = 7 if reference.startswith("arn:") else 1
    identifier = ":".join(parts[:width])
    key, stage, version = [*parts[width:], "", "", ""][:3]
    request = {"SecretId": identifier}
    request |= {"VersionStage": stage} if stage else {}
    request |= {"VersionId": version} if version else {}
    client: Any = aws_client(session, "secretsmanager")
    value: str = client.get_secret_value(**request)["SecretString"]
    if not key:
        return value
    try:
        return str(json.loads(value)[key])
    except (ValueError, KeyError, TypeError) as error:
        raise VariableError(f"secret {identifier} has no JSON key {key!r}") from error
