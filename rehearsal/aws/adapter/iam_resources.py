"""The resources that IAM is asked about for services of ministack, where it is too coarse.

Sources: "Service Authorization Reference"; "Overview of managing access permissions to your
CloudWatch Logs resources", which asks for `log-group:NAME:*` in all operations but tagging.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_actions

_LOG_TAGGING = {"TagResource", "UntagResource", "ListTagsForResource"}


def install() -> None:
    """Corrects the ARNs for CloudWatch Logs and ECR."""
    stock = iam_actions.extract_resource_arn

    def extract(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        arn: str = stock(service, method, path, headers, body, *rest)
        operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        request = _json(body) if service in ("logs", "ecr") else {}
        if service == "logs" and ":log-group:" in arn and operation not in _LOG_TAGGING:
            return f"{arn.removesuffix(':*')}:log-stream:{request.get('logStreamName', '')}"
        names = request.get("repositoryNames")
        if service == "ecr" and isinstance(names, list) and len(names) == 1:
            _, region, account_id = rest
            return f"arn:aws:ecr:{region}:{account_id}:repository/{names[0]}"
        return arn

    iam_actions.extract_resource_arn = extract


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}  # the service itself answers a body that is not JSON
    return found if isinstance(found, dict) else {}
