"""Reading of the parts of a report: one that cannot be read is named on the page."""

import re
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.client.errors import RehearsalError
from rehearsal.story.summary import UnreadSummary

ACTIONS = {
    "DescribeAlarmHistory": "cloudwatch:DescribeAlarmHistory",
    "DescribeAlarms": "cloudwatch:DescribeAlarms",
    "DescribeEndpoint": "sagemaker:DescribeEndpoint",
    "DescribeEndpointConfig": "sagemaker:DescribeEndpointConfig",
    "DescribeModel": "sagemaker:DescribeModel",
    "DescribeModelPackage": "sagemaker:DescribeModelPackage",
    "DescribeProcessingJob": "sagemaker:DescribeProcessingJob",
    "DescribeProject": "sagemaker:DescribeProject",
    "DescribeStackEvents": "cloudformation:DescribeStackEvents",
    "DescribeStackResources": "cloudformation:DescribeStackResources",
    "DescribeStacks": "cloudformation:DescribeStacks",
    "GetObject": "s3:GetObject",
    "GetPipeline": "codepipeline:GetPipeline",
    "GetSchedule": "scheduler:GetSchedule",
    "ListEndpoints": "sagemaker:ListEndpoints",
    "ListModelPackages": "sagemaker:ListModelPackages",
    "ListMonitoringExecutions": "sagemaker:ListMonitoringExecutions",
    "ListMonitoringSchedules": "sagemaker:ListMonitoringSchedules",
    "ListPipelineExecutions": "codepipeline:ListPipelineExecutions",
    "ListProcessingJobs": "sagemaker:ListProcessingJobs",
    "ListProjects": "sagemaker:ListProjects",
    "ListSchedules": "scheduler:ListSchedules",
}
"""IAM actions of the operations that a report calls.

Source: "Actions, resources, and condition keys" of each service in the Service Authorization
Reference.
"""

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_THROTTLED = (
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
)
_ACTION = re.compile(r"not authorized to perform:? ([a-zA-Z0-9-]+:[a-zA-Z]+)")
T = TypeVar("T")


class Readings:
    """Reads the parts of a report.

    Attributes:
        unread: the parts that could not be read, with the reason of each.
    """

    def __init__(self) -> None:
        self.unread: list[UnreadSummary] = []

    def read(self, part: str, read: Callable[[], T], default: T) -> T:
        """Returns what a function reads; the default if AWS does not let it.

        Args:
            part: name of the part on the page.
            read: reads the part.
            default: value of a part that cannot be read.
        """
        try:
            return read()
        except (BotoCoreError, ClientError, RehearsalError) as error:
            self.unread.append(UnreadSummary(part, _reason(error), _action(error)))
            return default


def _action(error: Exception) -> str:
    """Returns the IAM action that the credentials lack; "" if another error occurred."""
    if not isinstance(error, ClientError) or error.response["Error"]["Code"] not in _DENIED:
        return ""
    named = _ACTION.search(error.response["Error"].get("Message", ""))
    return named[1] if named else ACTIONS.get(error.operation_name, error.operation_name)


def _reason(error: Exception) -> str:
    if not isinstance(error, ClientError):
        return " ".join(str(error).split())
    code, operation = error.response["Error"]["Code"], error.operation_name
    if code in _DENIED:
        return f"{operation} is denied"
    if code in _THROTTLED:
        return f"AWS throttles {operation}; run the command again later"
    return f"{operation}: {code}: {error.response['Error'].get('Message', '')}"
