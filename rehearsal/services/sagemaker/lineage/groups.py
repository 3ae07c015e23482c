"""The lineage group of an account, by which its lineage can be shared.

Source: "Cross-Account Lineage Tracking" in the developer guide.
"""

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.names import LINEAGE_GROUP, lineage_group_arn
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.service_model import output_shape, select

LISTING = Listing(
    operation="ListLineageGroups",
    member="LineageGroupSummaries",
    name="LineageGroupName",
    newest_first=False,
)


class LineageGroups:
    """DescribeLineageGroup, ListLineageGroups, GetLineageGroupPolicy.

    Each account has the default group alone; it is not shared, because AWS RAM does not share
    lineage in the rehearsal.
    """

    def __init__(self) -> None:
        self._created = now()

    def describe_lineage_group(self, request: Request, context: Context) -> Response:
        group = self._find(request, context)
        return select(group, output_shape("DescribeLineageGroup"))

    def list_lineage_groups(self, request: Request, context: Context) -> Response:
        return LISTING.respond([self._group(context)], request)

    def get_lineage_group_policy(self, request: Request, context: Context) -> Response:
        group = self._find(request, context)
        message = f"{group['LineageGroupArn']} has no resource policy: it is not shared."
        raise AwsError("ResourceNotFound", message)

    def _find(self, request: Request, context: Context) -> Record:
        group, name = self._group(context), request["LineageGroupName"]
        if name not in (LINEAGE_GROUP, group["LineageGroupArn"]):
            message = f"LineageGroup '{name}' does not exist."
            raise AwsError("ResourceNotFound", message)
        return group

    def _group(self, context: Context) -> Record:
        return {
            "LineageGroupName": LINEAGE_GROUP,
            "LineageGroupArn": lineage_group_arn(context.scope),
            "DisplayName": LINEAGE_GROUP,
            "CreationTime": self._created,
            "LastModifiedTime": self._created,
        }
