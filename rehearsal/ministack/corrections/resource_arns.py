"""The resources that IAM evaluates a request for.

Sources: "Service Authorization Reference"; "Overview of managing access permissions to your
CloudWatch Logs resources", which evaluates `log-group:NAME:*` for all operations but tagging;
"Restrict access to Parameter Store parameters using IAM policies".
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.ministack.registry import patch

_LOG_TAGGING = {"TagResource", "UntagResource", "ListTagsForResource"}
_PARAMETERS = {"GetParameters": "Names", "DeleteParameters": "Names"} | dict.fromkeys(
    (
        "DeleteParameter",
        "GetParameter",
        "GetParameterHistory",
        "LabelParameterVersion",
        "PutParameter",
        "UnlabelParameterVersion",
    ),
    "Name",
)


@patch(
    "ministack.core.iam_actions:extract_resource_arn",
    why=(
        "The ARN of a log group lacks the log stream, and requests for one repository, parameter "
        "or file system are evaluated for another resource."
    ),
    until=(
        "ministack derives the ARNs of CloudWatch Logs, ECR, Parameter Store and EFS as the "
        "Service Authorization Reference has them."
    ),
)
def extract(
    previous: Callable[..., str],
    service: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    query_params: Mapping[str, Any],
    region: str,
    account_id: str,
) -> str:
    arn = previous(service, method, path, headers, body, query_params, region, account_id)
    operation = operation_of(headers)
    request = request_of(body) if service in ("logs", "ecr", "ssm") else {}
    if service == "logs" and ":log-group:" in arn and operation not in _LOG_TAGGING:
        return f"{arn.removesuffix(':*')}:log-stream:{request.get('logStreamName', '')}"
    names = request.get("repositoryNames")
    if service == "ecr" and isinstance(names, list) and len(names) == 1:
        return f"arn:aws:ecr:{region}:{account_id}:repository/{names[0]}"
    if service == "ssm":
        return next(iter(parameter_arns(operation, request, region, account_id)), arn)
    if service == "elasticfilesystem" and arn == "*":
        # DescribeFileSystems and DescribeMountTargets name their file system in the query.
        given = query_params.get("FileSystemId")
        name = given[0] if isinstance(given, list) and given else given
        if name:
            return f"arn:aws:elasticfilesystem:{region}:{account_id}:file-system/{name}"
    return arn


def parameter_arns(
    operation: str, request: Mapping[str, Any], region: str, account: str
) -> list[str]:
    """Returns the ARNs of the parameters that a request names, without versions and labels."""
    named = request.get(_PARAMETERS.get(operation, ""))
    names = named if isinstance(named, list) else [named]
    arns = []
    for name in names:
        if not isinstance(name, str) or not name:
            return []  # the service itself rejects a malformed request
        if name.startswith("arn:"):
            arns.append(":".join(name.split(":")[:6]))
        else:
            name = name.split(":")[0].removeprefix("/")
            arns.append(f"arn:aws:ssm:{region}:{account}:parameter/{name}")
    return arns


def operation_of(headers: Mapping[str, str]) -> str:
    """Returns the operation of a JSON request, or an empty string."""
    return headers.get("x-amz-target", "").rsplit(".", 1)[-1]


def request_of(body: bytes) -> dict[str, Any]:
    """Returns the members of a JSON request, or none if the body is malformed."""
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}  # the service itself rejects a body that is not JSON
    return found if isinstance(found, dict) else {}
