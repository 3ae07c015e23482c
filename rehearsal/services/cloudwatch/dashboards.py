"""Dashboards: documents of widgets."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.clock import Clock
from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.framework.store import Store
from rehearsal.framework.tags import Tags

_TYPES = ("metric", "text", "alarm", "log", "explorer", "custom", "chart", "table")
_COLUMNS = 24
_PAGE_SIZE = 1000


class Dashboards:
    """Operations on dashboards.

    Args:
        lock: the service's lock.
        clock: the present time.
        tags: the service's tags.
    """

    def __init__(self, lock: threading.RLock, clock: Clock, tags: Tags) -> None:
        self._lock = lock
        self._clock = clock
        self._tags = tags
        self._dashboards: Store[dict[str, Any]] = Store()

    def put_dashboard(self, request: Request, context: Context) -> Response:
        name, body = request["DashboardName"], request["DashboardBody"]
        problems = _problems(body)
        if problems:
            message = "; ".join(f"{at}: {text}" for at, text in problems)
            raise AwsError("InvalidParameterInput", f"The dashboard body is invalid: {message}")
        arn = dashboard_arn(context.scope, name)
        with self._lock:
            dashboards = self._dashboards.of(context.scope)
            known = name in dashboards
            dashboards[name] = {
                "DashboardName": name,
                "DashboardArn": arn,
                "DashboardBody": body,
                "LastModified": self._clock(),
                "Size": len(body.encode()),
            }
            if not known:
                self._tags.put(arn, request.get("Tags"))
        return {"DashboardValidationMessages": []}

    def get_dashboard(self, request: Request, context: Context) -> Response:
        found = self._dashboard(context.scope, request["DashboardName"])
        return {name: found[name] for name in ("DashboardArn", "DashboardBody", "DashboardName")}

    def list_dashboards(self, request: Request, context: Context) -> Response:
        prefix = request.get("DashboardNamePrefix", "")
        shown = ("DashboardName", "DashboardArn", "LastModified", "Size")
        with self._lock:
            found = [
                {member: record[member] for member in shown}
                for name, record in self._dashboards.of(context.scope).items()
                if name.startswith(prefix)
            ]
        kept, more = page(found, request, size=_PAGE_SIZE, error="InvalidNextToken")
        return {"DashboardEntries": kept, **more}

    def delete_dashboards(self, request: Request, context: Context) -> Response:
        with self._lock:
            for name in request["DashboardNames"]:
                self._dashboard(context.scope, name)
            for name in request["DashboardNames"]:
                record = self._dashboards.of(context.scope).pop(name)
                self._tags.drop(record["DashboardArn"])
        return {}

    def _dashboard(self, scope: Scope, name: str) -> dict[str, Any]:
        with self._lock:
            found = self._dashboards.of(scope).get(name)
        if found is None:
            raise AwsError("ResourceNotFound", f"Dashboard {name} does not exist", 404)
        return found


def dashboard_arn(scope: Scope, name: str) -> str:
    """Returns the ARN of a dashboard, which belongs to an account but to no region."""
    return f"arn:aws:cloudwatch::{scope.account}:dashboard/{name}"


def _problems(body: str) -> list[tuple[str, str]]:
    try:
        content = json.loads(body)
    except ValueError as error:
        return [("/", f"not JSON: {error}")]
    widgets = content.get("widgets") if isinstance(content, dict) else None
    if not isinstance(widgets, list):
        return [("/widgets", "Should have required property 'widgets', a list")]
    return [
        (f"/widgets/{number}", problem)
        for number, widget in enumerate(widgets)
        if (problem := _problem(widget))
    ]


def _problem(widget: Any) -> str | None:
    if not isinstance(widget, Mapping) or widget.get("type") not in _TYPES:
        return f"Should have a type that is one of {', '.join(_TYPES)}"
    if not isinstance(widget.get("properties"), Mapping):
        return "Should have required property 'properties'"
    width, x = widget.get("width", 6), widget.get("x", 0)
    if not (1 <= width <= _COLUMNS) or x + width > _COLUMNS:
        return f"Does not fit into {_COLUMNS} columns: x {x}, width {width}"
    return None
