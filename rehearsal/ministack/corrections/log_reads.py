"""Reads of CloudWatch Logs that ministack lacks, or in which it ignores members of the request.

Sources: ListLogGroups, DescribeQueries, FilterLogEvents and DescribeLogStreams in the CloudWatch
Logs API reference.
"""

import functools
import heapq
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

from ministack.services import cloudwatch_logs

from rehearsal.ministack.registry import patch_value

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[..., Awaitable[Response]]

_DEFAULT_GROUPS, _DEFAULT_QUERIES, _MAX_EVENTS = 50, 1000, 10_000
_STANDARD = "STANDARD"
_NAMES = {"logGroupName", "logGroupIdentifier"}


@patch_value(
    "ministack.app:SERVICE_HANDLERS[logs]",
    why="Clients that list log groups or queries get an unknown action; a prefix of log streams, a "
    "page of events and the ARN of a group are ignored.",
    until="ministack has ListLogGroups and DescribeQueries, and reads logStreamNamePrefix and "
    "nextToken of FilterLogEvents and logGroupIdentifier of DescribeLogStreams.",
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
    request: dict[str, Any] = json.loads(body or b"{}")
    if operation == "DescribeLogStreams" and request.keys() & _NAMES == {"logGroupIdentifier"}:
        request["logGroupName"] = cloudwatch_logs._resolve_log_group_name(request)
        del request["logGroupIdentifier"]
        body = json.dumps(request).encode()
    if operation not in _READS or _is_of_missing_group(operation, request):
        return await previous(method, path, headers, body, query_params)
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


def _is_of_missing_group(operation: str, request: Mapping[str, Any]) -> bool:
    """Returns True if ministack's own error is the response."""
    group = cloudwatch_logs._resolve_log_group_name(request)
    return operation == "FilterLogEvents" and group not in cloudwatch_logs._log_groups


def _filter_log_events(request: Mapping[str, Any]) -> dict[str, Any]:
    group = cloudwatch_logs._log_groups[cloudwatch_logs._resolve_log_group_name(request)]
    matches = cloudwatch_logs._compile_filter_pattern(request.get("filterPattern", ""))
    start, end = request.get("startTime", 0), request.get("endTime")
    chosen, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix", "")
    with cloudwatch_logs._log_events_lock:
        streams = [
            list(_of_stream(name, stream["events"]))
            for name, stream in group["streams"].items()
            if name.startswith(prefix) and (not chosen or name in chosen)
        ]
    found = [
        event
        for event in heapq.merge(*streams, key=_order)
        if event["timestamp"] >= start
        and (end is None or event["timestamp"] <= end)
        and matches(event["message"])
    ]
    page = _page("events", found, request, "limit", _MAX_EVENTS)
    return {**page, "searchedLogStreams": []}


def _of_stream(name: str, events: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for event in events:
        yield {**event, "logStreamName": name}


def _order(event: Mapping[str, Any]) -> tuple[int, int]:
    return event["timestamp"], event.get("ingestionTime", 0)


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
    "FilterLogEvents": _filter_log_events,
}
