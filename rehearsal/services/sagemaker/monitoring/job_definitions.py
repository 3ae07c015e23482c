"""Definitions of monitoring jobs: data quality, model quality, bias, explainability.

The four are one thing with other names of members;
https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor.html .
"""

from __future__ import annotations

from dataclasses import dataclass

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.jobs.processing.processing_jobs import ProcessingJobs
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now


@dataclass(frozen=True)
class DefinitionKind:
    """A kind by its MonitoringType (`DataQuality`) and the resource type in ARNs."""

    monitoring_type: str
    path: str

    @property
    def noun(self) -> str:
        return f"{self.monitoring_type}JobDefinition"

    @property
    def listing(self) -> Listing:
        return Listing(
            operation=f"List{self.noun}s",
            member="JobDefinitionSummaries",
            name="JobDefinitionName",
            modified=None,
        )

    def part(self, record: Record, name: str) -> Record:
        """A member whose name begins with the kind, as `JobInput`."""
        found: Record = record.get(f"{self.monitoring_type}{name}") or {}
        return found


DATA_QUALITY = DefinitionKind("DataQuality", "data-quality-job-definition")
MODEL_QUALITY = DefinitionKind("ModelQuality", "model-quality-job-definition")
MODEL_BIAS = DefinitionKind("ModelBias", "model-bias-job-definition")
MODEL_EXPLAINABILITY = DefinitionKind("ModelExplainability", "model-explainability-job-definition")
KINDS = {
    kind.monitoring_type: kind
    for kind in (DATA_QUALITY, MODEL_QUALITY, MODEL_BIAS, MODEL_EXPLAINABILITY)
}


class MonitoringJobDefinitions(ProcessingJobs):
    """Create-, Describe-, List-, Delete- of the four kinds."""

    def create_data_quality_job_definition(self, request: Request, context: Context) -> Response:
        return self._create_definition(DATA_QUALITY, request, context)

    def describe_data_quality_job_definition(self, request: Request, context: Context) -> Response:
        return self._describe_definition(DATA_QUALITY, request, context)

    def list_data_quality_job_definitions(self, request: Request, context: Context) -> Response:
        return self._list_definitions(DATA_QUALITY, request, context)

    def delete_data_quality_job_definition(self, request: Request, context: Context) -> Response:
        return self._delete_definition(DATA_QUALITY, request, context)

    def create_model_quality_job_definition(self, request: Request, context: Context) -> Response:
        return self._create_definition(MODEL_QUALITY, request, context)

    def describe_model_quality_job_definition(self, request: Request, context: Context) -> Response:
        return self._describe_definition(MODEL_QUALITY, request, context)

    def list_model_quality_job_definitions(self, request: Request, context: Context) -> Response:
        return self._list_definitions(MODEL_QUALITY, request, context)

    def delete_model_quality_job_definition(self, request: Request, context: Context) -> Response:
        return self._delete_definition(MODEL_QUALITY, request, context)

    def create_model_bias_job_definition(self, request: Request, context: Context) -> Response:
        return self._create_definition(MODEL_BIAS, request, context)

    def describe_model_bias_job_definition(self, request: Request, context: Context) -> Response:
        return self._describe_definition(MODEL_BIAS, request, context)

    def list_model_bias_job_definitions(self, request: Request, context: Context) -> Response:
        return self._list_definitions(MODEL_BIAS, request, context)

    def delete_model_bias_job_definition(self, request: Request, context: Context) -> Response:
        return self._delete_definition(MODEL_BIAS, request, context)

    def create_model_explainability_job_definition(
        self, request: Request, context: Context
    ) -> Response:
        return self._create_definition(MODEL_EXPLAINABILITY, request, context)

    def describe_model_explainability_job_definition(
        self, request: Request, context: Context
    ) -> Response:
        return self._describe_definition(MODEL_EXPLAINABILITY, request, context)

    def list_model_explainability_job_definitions(
        self, request: Request, context: Context
    ) -> Response:
        return self._list_definitions(MODEL_EXPLAINABILITY, request, context)

    def delete_model_explainability_job_definition(
        self, request: Request, context: Context
    ) -> Response:
        return self._delete_definition(MODEL_EXPLAINABILITY, request, context)

    def monitoring_definition(self, kind: DefinitionKind, scope: Scope, name: str) -> Record:
        """A definition, or SageMaker's refusal."""
        return self.find(
            scope,
            kind.path,
            name,
            operation=f"Describe{kind.noun}",
            message=f"Could not find requested job definition with name: {name}",
        )

    def _create_definition(
        self, kind: DefinitionKind, request: Request, context: Context
    ) -> Response:
        record = self.accept(f"Create{kind.noun}", request)
        check_input(kind.part(record, "JobInput"))
        self.check_role(context, record["RoleArn"])
        name = record["JobDefinitionName"]
        arn = context.scope.arn("sagemaker", f"{kind.path}/{name}")
        record |= {
            "JobDefinitionArn": arn,
            "CreationTime": now(),
            # As the summaries name them.
            "MonitoringJobDefinitionName": name,
            "MonitoringJobDefinitionArn": arn,
            "EndpointName": kind.part(record, "JobInput")
            .get("EndpointInput", {})
            .get("EndpointName"),
        }
        record.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": 3600})
        with self.lock:
            if name in self.records.of(context.scope, kind.path):
                message = f"Job definition with name {name} already exists: {arn}"
                raise AwsError("ResourceInUse", message)
            self.register(context, kind.path, name, record, request)
        return {"JobDefinitionArn": arn}

    def _describe_definition(
        self, kind: DefinitionKind, request: Request, context: Context
    ) -> Response:
        record = self.monitoring_definition(kind, context.scope, request["JobDefinitionName"])
        return self.describe(f"Describe{kind.noun}", record)

    def _list_definitions(
        self, kind: DefinitionKind, request: Request, context: Context
    ) -> Response:
        endpoint = request.get("EndpointName")
        with self.lock:
            found = [
                record
                for record in self.records.of(context.scope, kind.path).values()
                if endpoint in (None, record["EndpointName"])
            ]
            return kind.listing.respond(found, request)

    def _delete_definition(
        self, kind: DefinitionKind, request: Request, context: Context
    ) -> Response:
        record = self.monitoring_definition(kind, context.scope, request["JobDefinitionName"])
        with self.lock:
            self.records.of(context.scope, kind.path).pop(record["JobDefinitionName"], None)
        self.drop_tags(record["JobDefinitionArn"])
        return {}


def check_input(given: Record) -> None:
    """Raises AwsError unless a job's input is one of an endpoint and a batch transform."""
    if ("EndpointInput" in given) == ("BatchTransformInput" in given):
        raise AwsError(
            "ValidationException",
            "Exactly one of EndpointInput and BatchTransformInput must be given for a monitoring "
            "job.",
        )
