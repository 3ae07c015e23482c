"""Executions of pipelines: their operations. `pipeline_execution_runs` runs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import identity
from rehearsal.services.sagemaker.listing import Listing, page
from rehearsal.services.sagemaker.pipelines.definition import parse_definition
from rehearsal.services.sagemaker.pipelines.execution_events import ENDED
from rehearsal.services.sagemaker.pipelines.execution_runs import KIND, PipelineExecutionRuns
from rehearsal.services.sagemaker.pipelines.pipelines import KIND as PIPELINE
from rehearsal.services.sagemaker.pipelines.pipelines import pipeline_version
from rehearsal.services.sagemaker.pipelines.values import ParameterError, parameter_values
from rehearsal.services.sagemaker.records import Record, now, random_id

LISTING = Listing(
    operation="ListPipelineExecutions",
    member="PipelineExecutionSummaries",
    name="PipelineExecutionArn",
    status="PipelineExecutionStatus",
)
DEFAULT_PARALLEL_STEPS = 50


class PipelineExecutions(PipelineExecutionRuns):
    """Start-, Stop-, Retry-, Update-, Describe-, ListPipelineExecution(s); DeletePipeline."""

    def start_pipeline_execution(self, request: Request, context: Context) -> Response:
        given = self.accept("StartPipelineExecution", request)
        name = given["PipelineName"]
        pipeline = self.pipeline(context.scope, name, "StartPipelineExecution")
        arn, token = pipeline["PipelineArn"], given["ClientRequestToken"]
        for known in self.records.of(context.scope, KIND).values():
            if known["PipelineArn"] == arn and known["_token"] == token:
                return {"PipelineExecutionArn": known["PipelineExecutionArn"]}
        version = given.get("PipelineVersionId", max(pipeline["_versions"]))
        text = pipeline_version(pipeline, version)
        parameters = {
            entry["Name"]: entry["Value"] for entry in given.get("PipelineParameters", ())
        }
        try:
            values = parameter_values(parse_definition(text), parameters)
        except ParameterError as error:
            raise AwsError("ValidationException", str(error)) from error
        execution = self._new_execution(pipeline, given, context)
        execution |= {
            "PipelineVersionId": version,
            "_token": token,
            "_definition": text,
            "_parameters": values,
            "_given": parameters,
            "_role": pipeline["RoleArn"],
            "_pipeline_name": pipeline["PipelineName"],
        }
        with self.lock:
            self.records.of(context.scope, KIND)[execution["PipelineExecutionArn"]] = execution
            pipeline.update(LastRunTime=now(), LastExecutionTime=now())
        self.begin_execution(context.scope, execution, done={})
        return {"PipelineExecutionArn": execution["PipelineExecutionArn"]}

    def describe_pipeline_execution(self, request: Request, context: Context) -> Response:
        execution = self._execution(context.scope, request, "DescribePipelineExecution")
        return self.describe("DescribePipelineExecution", execution)

    def list_pipeline_executions(self, request: Request, context: Context) -> Response:
        name = request["PipelineName"]
        pipeline = self.pipeline(context.scope, name, "ListPipelineExecutions")
        with self.lock:
            executions = [
                {
                    **execution,
                    "StartTime": execution["CreationTime"],
                    "PipelineExecutionFailureReason": execution.get("FailureReason"),
                }
                for execution in self.records.of(context.scope, KIND).values()
                if execution["PipelineArn"] == pipeline["PipelineArn"]
            ]
        return LISTING.respond(executions, request)

    def list_pipeline_execution_steps(self, request: Request, context: Context) -> Response:
        if "PipelineExecutionArn" not in request:
            raise AwsError("ValidationException", "PipelineExecutionArn is required.")
        execution = self._execution(context.scope, request, "ListPipelineExecutionSteps")
        steps = self.execution_steps(execution)
        # "The default is CreatedTime, newest first": as the service answers.
        if request.get("SortOrder", "Descending") == "Descending":
            steps.reverse()
        return page(steps, request, "PipelineExecutionSteps")

    def list_pipeline_parameters_for_execution(
        self, request: Request, context: Context
    ) -> Response:
        execution = self._execution(context.scope, request, "ListPipelineParametersForExecution")
        entries = [{"Name": name, "Value": value} for name, value in execution["_given"].items()]
        return page(entries, request, "PipelineParameters")

    def describe_pipeline_definition_for_execution(
        self, request: Request, context: Context
    ) -> Response:
        operation = "DescribePipelineDefinitionForExecution"
        execution = self._execution(context.scope, request, operation)
        return {
            "PipelineDefinition": execution["_definition"],
            "CreationTime": execution["CreationTime"],
        }

    def stop_pipeline_execution(self, request: Request, context: Context) -> Response:
        execution = self._execution(context.scope, request, "StopPipelineExecution")
        status = execution["PipelineExecutionStatus"]
        if status in ENDED:
            message = (
                "Only pipelines with 'Executing' status can be stopped; "
                f"the status of {execution['PipelineExecutionArn']} is '{status}'."
            )
            raise AwsError("ValidationException", message)
        self.halt_execution(context.scope, execution)
        return {"PipelineExecutionArn": execution["PipelineExecutionArn"]}

    def retry_pipeline_execution(self, request: Request, context: Context) -> Response:
        given = self.accept("RetryPipelineExecution", request)
        execution = self._execution(context.scope, given, "RetryPipelineExecution")
        status = execution["PipelineExecutionStatus"]
        if status not in ("Failed", "Stopped"):
            message = (
                "Only pipeline executions that have failed or were stopped can be retried; "
                f"the status of {execution['PipelineExecutionArn']} is '{status}'."
            )
            raise AwsError("ValidationException", message)
        with self.lock:
            if "ParallelismConfiguration" in given:
                execution["ParallelismConfiguration"] = given["ParallelismConfiguration"]
            execution.update(
                PipelineExecutionStatus="Executing",
                LastModifiedTime=now(),
                LastModifiedBy=identity(context),
            )
            execution.pop("FailureReason", None)
        done = {
            name: state
            for name, state in self.step_states(execution).items()
            if state.status == "Succeeded"
        }
        self.begin_execution(context.scope, execution, done=done)
        return {"PipelineExecutionArn": execution["PipelineExecutionArn"]}

    def update_pipeline_execution(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdatePipelineExecution", request)
        execution = self._execution(context.scope, given, "UpdatePipelineExecution")
        if "ParallelismConfiguration" in given:
            message = (
                "The rehearsal does not change ParallelismConfiguration of a running execution: "
                "give it to StartPipelineExecution."
            )
            raise AwsError("ValidationException", message)
        names = ("PipelineExecutionDescription", "PipelineExecutionDisplayName")
        with self.lock:
            execution.update(
                {name: given[name] for name in names if name in given},
                LastModifiedTime=now(),
                LastModifiedBy=identity(context),
            )
        return {"PipelineExecutionArn": execution["PipelineExecutionArn"]}

    def delete_pipeline(self, request: Request, context: Context) -> Response:
        pipeline = self.pipeline(context.scope, request["PipelineName"], "DeletePipeline")
        with self.lock:
            running = [
                arn
                for arn, execution in self.records.of(context.scope, KIND).items()
                if execution["PipelineArn"] == pipeline["PipelineArn"]
                and execution["PipelineExecutionStatus"] not in ENDED
            ]
        if running:
            message = f"Pipeline {pipeline['PipelineArn']} is running: stop {', '.join(running)}."
            raise AwsError("ConflictException", message)
        with self.lock:
            self.records.of(context.scope, PIPELINE).pop(pipeline["PipelineName"], None)
            self.forget_executions(context.scope, pipeline["PipelineArn"])
        self.drop_tags(pipeline["PipelineArn"])
        return {"PipelineArn": pipeline["PipelineArn"]}

    def _new_execution(
        self, pipeline: Record, given: Mapping[str, Any], context: Context
    ) -> Record:
        identifier = random_id(12)
        moment = now()
        parallel = {"MaxParallelExecutionSteps": DEFAULT_PARALLEL_STEPS}
        return {
            "PipelineArn": pipeline["PipelineArn"],
            "PipelineExecutionArn": f"{pipeline['PipelineArn']}/execution/{identifier}",
            "PipelineExecutionDisplayName": given.get(
                "PipelineExecutionDisplayName", f"execution-{int(moment.timestamp() * 1000)}"
            ),
            "PipelineExecutionDescription": given.get("PipelineExecutionDescription"),
            "PipelineExecutionStatus": "Executing",
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "CreatedBy": identity(context),
            "LastModifiedBy": identity(context),
            "ParallelismConfiguration": given.get("ParallelismConfiguration")
            or pipeline.get("ParallelismConfiguration")
            or parallel,
            "_id": identifier,
        }

    def _execution(self, scope: Scope, request: Mapping[str, Any], operation: str) -> Record:
        arn = request["PipelineExecutionArn"]
        message = f"PipelineExecution '{arn}' does not exist."
        return self.find(scope, KIND, arn, operation=operation, message=message)
