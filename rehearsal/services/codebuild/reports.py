"""Report groups and reports. A buildspec with reports is rejected by name.

Source: ListReportGroups and ListReports in the CodeBuild API reference.
"""

from __future__ import annotations

from rehearsal.framework.platform import Context
from rehearsal.framework.service import Request, Response


class ReportOperations:
    """ListReportGroups, ListReports, BatchGetReportGroups, BatchGetReports."""

    def list_report_groups(self, request: Request, context: Context) -> Response:
        return {"reportGroups": []}

    def list_reports(self, request: Request, context: Context) -> Response:
        return {"reports": []}

    def batch_get_report_groups(self, request: Request, context: Context) -> Response:
        return {"reportGroups": [], "reportGroupsNotFound": list(request["reportGroupArns"])}

    def batch_get_reports(self, request: Request, context: Context) -> Response:
        return {"reports": [], "reportsNotFound": list(request["reportArns"])}
