"""Reads of CloudWatch Logs that ministack lacks: log groups in short, and queries.

Sources: ListLogGroups and DescribeQueries in the CloudWatch Logs API reference.
"""

import functools
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ministack.services import cloudwatch_logs

from rehearsal.ministack.registry import patch_value

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[Response]]

_DEFAULT_GROUPS, _DEFAULT_QUERIES = 50, 1000
_STANDARD = "STANDARD"


@patch_value(
    "ministack.app:SERVICE_HANDLERS[logs]",
    why="Clients that list log groups or queries get an unknown action.",
    until="ministack has ListLogGroups and DescribeQueries.",
)
def logs(previous: Handler) -> Handler:
    return functools.partial(_respond, previous)


async def _respond(
    previous: Handler,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query_params: Any,
) -> Response:
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if operation not in _READS:
        return await previous(method, path, headers, body, query_params)
    request: dict[str, Any] = json.loads(body or b"{}")
    content = json.dumps(_READS[operation](request)).encode()
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, content


def _list_log_groups(request: Mapping[str, Any]) -> dict[str, Any]:
    pattern, kind = request.get("logGroupNamePattern", ""), request.get("logGroupClass")
    found = []
    for name, group in sorted(cloudwatch_logs._log_groups.items()):
        shown = group.get("logGroupClass") or _STANDARD
        if _has_pattern(name, pattern) and kind in (None, shown):
            arn = cloudwatch_logs._make_group_arn_no_star(name)
            found.append({"logGroupName": name, "logGroupArn": arn, "logGroupClass": shown})
    return _page("logGroups", found, request, "limit", _DEFAULT_GROUPS)


def _has_pattern(name: str, pattern: str) -> bool:
    """Returns True if a name has a pattern, in which `^` and `|` have a meaning alone."""
    return any(
        name.startswith(part[1:]) if part.startswith("^") else part in name
        for part in pattern.split("|")
    )


def _describe_queries(request: Mapping[str, Any]) -> dict[str, Any]:
    group, status = request.get("logGroupName"), request.get("status")
    found = []
    for query in cloudwatch_logs._queries.values():
        names = [query["logGroupName"], *query["logGroupNames"]]
        if group in (None, *names) and status in (None, query["status"]):
            found.append(
                {
                    "queryLanguage": "CWLI",
                    "queryId": query["queryId"],
                    "queryString": query["queryString"],
                    "status": query["status"],
                    "logGroupName": next(filter(None, names), ""),
                }
            )
    return _page("queries", found, request, "maxResults", _DEFAULT_QUERIES)


def _page(
    member: str, found: Sequence[Any], request: Mapping[str, Any], size: str, default: int
) -> dict[str, Any]:
    start = cloudwatch_logs._decode_token(request.get("nextToken"))
    end = start + int(request.get(size) or default)
    more = {"nextToken": cloudwatch_logs._encode_token(end)} if end < len(found) else {}
    return {member: list(found[start:end]), **more}


_READS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "ListLogGroups": _list_log_groups,
    "DescribeQueries": _describe_queries,
}
