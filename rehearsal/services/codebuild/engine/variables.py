"""The environment variables of a build.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from rehearsal.framework.aws_client import aws_client
from rehearsal.services.codebuild.engine.buildspec import Buildspec

_MAX_PARAMETERS_PER_CALL = 10


class VariableError(Exception):
    """A variable whose value cannot be read from Parameter Store or Secrets Manager."""


def resolve(
    spec: Buildspec, settings: Iterable[Mapping[str, str]], session: boto3.Session
) -> dict[str, str]:
    """Returns the variables of a build specification, of the project and of StartBuild.

    Args:
        spec: the build specification.
        settings: EnvironmentVariable structures; the last one of a name overrides the others.
        session: a session of the service role.

    Raises:
        VariableError: a parameter or secret cannot be read.
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
    for start in range(0, len(wanted), _MAX_PARAMETERS_PER_CALL):
        batch = wanted[start : start + _MAX_PARAMETERS_PER_CALL]
        response = client.get_parameters(Names=batch, WithDecryption=True)
        if response.get("InvalidParameters"):
            missing = ", ".join(response["InvalidParameters"])
            raise VariableError(f"parameter does not exist: {missing}")
        values |= dict(zip(batch, batch, strict=True))
        values |= {found["Name"]: found["Value"] for found in response["Parameters"]}
    return {variable: values[name] for variable, name in names.items()}


def _secret(reference: str, session: boto3.Session) -> str:
    """Returns a secret by `secret-id:json-key:version-stage:version-id`; an ARN has seven parts."""
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
