"""Dashboards: documents of widgets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.cloudwatch.metrics import Metrics
from rehearsal.services.cloudwatch.pages import page

_TYPES = ("metric", "text", "alarm", "log", "explorer", "custom", "chart", "table")
_COLUMNS = 24
_LISTED = 1000


class Dashboards(Metrics):
    """Put-, Get-, List-, DeleteDashboards."""

    def __init__(self, platform: Platform, **options: Any) -> None:
        super().__init__(platform, **options)
        self._dashboards: dict[tuple[Scope, str], dict[str, Any]] = {}

    def put_dashboard(self, request: Request, context: Context) -> Response:
        name, body = request["DashboardName"], request["DashboardBody"]
        problems = _problems(body)
        if problems:
            message = "; ".join(f"{at}: {text}" for at, text in problems)
            raise AwsError("InvalidParameterInput", f"The dashboard body is invalid: {message}")
        arn = dashboard_arn(context.scope, name)
        with self.lock:
            known = (context.scope, name) in self._dashboards
            self._dashboards[context.scope, name] = {
                "DashboardName": name,
                "DashboardArn": arn,
                "DashboardBody": body,
                "LastModified": self.clock(),
                "Size": len(body.encode()),
            }
            if not known:
                tags = request.get("Tags") or ()
                self.tags[arn] = {tag["Key"]: tag["Value"] for tag in tags}
        return {"DashboardValidationMessages": []}

    def get_dashboard(self, request: Request, context: Context) -> Response:
        found = self._dashboard(context.scope, request["DashboardName"])
        return {name: found[name] for name in ("DashboardArn", "DashboardBody", "DashboardName")}

    def list_dashboards(self, request: Request, context: Context) -> Response:
        prefix = request.get("DashboardNamePrefix", "")
        shown = ("DashboardName", "DashboardArn", "LastModified", "Size")
        with self.lock:
            found = [
                {member: record[member] for member in shown}
                for (scope, name), record in self._dashboards.items()
                if scope == context.scope and name.startswith(prefix)
            ]
        kept, more = page(found, request, "", _LISTED)
        return {"DashboardEntries": kept, **more}

    def delete_dashboards(self, request: Request, context: Context) -> Response:
        with self.lock:
            for name in request["DashboardNames"]:
                self._dashboard(context.scope, name)
            for name in request["DashboardNames"]:
                record = self._dashboards.pop((context.scope, name))
                self.tags.pop(record["DashboardArn"], None)
        return {}

    def _dashboard(self, scope: Scope, name: str) -> dict[str, Any]:
        with self.lock:
            found = self._dashboards.get((scope, name))
        if found is None:
            raise AwsError("ResourceNotFound", f"Dashboard {name} does not exist", 404)
        return found


def dashboard_arn(scope: Scope, name: str) -> str:
    """Dashboards belong to an account, not to a region."""
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
