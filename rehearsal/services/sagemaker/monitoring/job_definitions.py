"""Definitions of monitoring jobs: data quality, model quality, bias, explainability.

The four kinds differ in the names of members only.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor.html
"""

from dataclasses import dataclass

from rehearsal.framework.platform import Context
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record
from rehearsal.services.sagemaker.stored_resource import Kind, StoredResource


@dataclass(frozen=True, kw_only=True)
class MonitoringKind(Kind):
    """A kind of monitoring job definition.

    Args:
        monitoring_type: the MonitoringType, such as `DataQuality`.
    """

    monitoring_type: str
    name: str = "JobDefinitionName"
    arn: str = "JobDefinitionArn"
    missing: str = "Could not find requested job definition with name: {name}"
    existing: str = "Job definition with name {name} already exists: {arn}"
    existing_code: str = "ResourceInUse"

    def member(self, record: Record, name: str) -> Record:
        """Returns a member whose name begins with the kind, such as `JobInput`."""
        found: Record = record.get(f"{self.monitoring_type}{name}") or {}
        return found


def _kind(monitoring_type: str, path: str) -> MonitoringKind:
    noun = f"{monitoring_type}JobDefinition"
    listing = Listing(
        operation=f"List{noun}s",
        member="JobDefinitionSummaries",
        name="JobDefinitionName",
        modified=None,
        equal={"EndpointName": "EndpointName"},
    )
    return MonitoringKind(noun=noun, path=path, listing=listing, monitoring_type=monitoring_type)


KINDS = (
    _kind("DataQuality", "data-quality-job-definition"),
    _kind("ModelQuality", "model-quality-job-definition"),
    _kind("ModelBias", "model-bias-job-definition"),
    _kind("ModelExplainability", "model-explainability-job-definition"),
)


class MonitoringJobDefinitions(StoredResource):
    """Create-, Describe-, List- and Delete- of one kind of definitions.

    Args:
        backend: the backend of SageMaker.
        kind: the kind of definition.
    """

    def __init__(self, backend: Backend, kind: MonitoringKind) -> None:
        super().__init__(backend, kind)
        self.monitoring_kind = kind

    def prepare(self, record: Record, context: Context) -> None:
        kind, name = self.monitoring_kind, record["JobDefinitionName"]
        given = kind.member(record, "JobInput")
        self.backend.identity.check_role(context, record["RoleArn"])
        record |= {
            # The names of the members in summaries.
            "MonitoringJobDefinitionName": name,
            "MonitoringJobDefinitionArn": kind.arn_of(context.scope, name),
            "EndpointName": given.get("EndpointInput", {}).get("EndpointName"),
        }
        record.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": 3600})
