"""A new operation of a service, from its implementation to a request of boto3.

`ReportGroups` is the whole of it: a part with one operation, called as boto3 calls it. The service
composes the part and maps the operation to the resources that IAM evaluates. The gateway reads the
request by botocore's model, and rejects a response that the model does not contain.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.platform import AwsError, Context, Platform, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.codebuild import CodeBuild
from tests.rehearsal.fakes import SCOPE, FakePlatform
from tests.rehearsal.in_process import Evaluation, InProcess

ARN = SCOPE.arn("codebuild", "report-group/churn")


class ReportGroups:
    """Operations on report groups."""

    def __init__(self, arns: set[str]) -> None:
        self._arns = arns

    def delete_report_group(self, request: Request, context: Context) -> Response:
        if request["arn"] not in self._arns:
            raise AwsError("InvalidInputException", f"There is no report group {request['arn']}")
        self._arns.remove(request["arn"])
        return {}


class CodeBuildWithReports(CodeBuild):
    def __init__(self, platform: Platform, arns: set[str]) -> None:
        super().__init__(platform)
        self.compose(ReportGroups(arns))

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        if operation == "DeleteReportGroup":
            return [request["arn"]]
        return super().resource_arns(operation, request, scope)


@pytest.fixture
def served(tmp_path: Path) -> InProcess:
    return InProcess(CodeBuildWithReports(FakePlatform(tmp_path), {ARN}))


def test_the_operation_is_served_once_iam_allows_it(served: InProcess) -> None:
    served.client().delete_report_group(arn=ARN)

    assert served.evaluations == [Evaluation("codebuild:DeleteReportGroup", ARN, {})]


def test_its_error_reaches_the_client_as_the_exception_of_the_model(served: InProcess) -> None:
    client = served.client()

    with pytest.raises(client.exceptions.InvalidInputException, match="no report group other"):
        client.delete_report_group(arn="other")


def test_the_other_operations_of_the_service_stay(served: InProcess) -> None:
    client = served.client()

    assert client.list_projects()["projects"] == []
    with pytest.raises(ClientError, match="does not support codebuild ListSharedReportGroups"):
        client.list_shared_report_groups()
