"""Executions of pipelines: their operations. `execution_runner` runs them."""

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend, caller_identity
from rehearsal.services.sagemaker.jobs.jobs import Jobs
from rehearsal.services.sagemaker.listing import Listing, page
from rehearsal.services.sagemaker.pipelines.callbacks import Callback
from rehearsal.services.sagemaker.pipelines.definition import parse_definition
from rehearsal.services.sagemaker.pipelines.execution_runner import (
    ENDED,
    KIND,
    Execution,
    ExecutionRunner,
)
from rehearsal.services.sagemaker.pipelines.output_parameters import OutputError, typed_outputs
from rehearsal.services.sagemaker.pipelines.pipelines import Pipelines
from rehearsal.services.sagemaker.pipelines.selection import (
    SelectionError,
    check_selection,
    reused,
)
from rehearsal.services.sagemaker.pipelines.value_types import output_types
from rehearsal.services.sagemaker.pipelines.values import (
    ParameterError,
    given_parameters,
    parameter_values,
    text_of,
)
from rehearsal.services.sagemaker.records import Record, now, random_id

LISTING = Listing(
    operation="ListPipelineExecutions",
    member="PipelineExecutionSummaries",
    name="PipelineExecutionArn",
    status="PipelineExecutionStatus",
)
DEFAULT_PARALLEL_STEPS = 50


class PipelineExecutions:
    """Start-, Stop-, Retry-, Update-, Describe- and ListPipelineExecution(s); DeletePipeline.

    Args:
        backend: the backend of SageMaker.
        pipelines: the pipelines of SageMaker.
        jobs: the jobs of SageMaker, whose changes wake executions.
        expect: takes the account and the definition of each execution that begins, before its
            steps use what it names.
    """

    def __init__(
        self,
        backend: Backend,
        pipelines: Pipelines,
        jobs: Jobs,
        expect: Callable[[Scope, str], None],
    ) -> None:
        self._expect = expect
        self._backend = backend
        self._pipelines = pipelines
        self._runner = ExecutionRunner(backend, jobs)

    def resume(self) -> list[str]:
        """Ends the executions that the end of the server has interrupted; returns them."""
        return self._runner.resume()

    def start_pipeline_execution(self, request: Request, context: Context) -> Response:
        scope = context.scope
        given = self._backend.accept("StartPipelineExecution", request)
        pipeline = self._pipelines.find(scope, given["PipelineName"], "StartPipelineExecution")
        arn, token = pipeline["PipelineArn"], given["ClientRequestToken"]
        for known in self._backend.all(scope, KIND):
            execution_arn = known["PipelineExecutionArn"]
            if known["PipelineArn"] == arn and self._runner.execution(execution_arn).token == token:
                return {"PipelineExecutionArn": execution_arn}
        versions = self._pipelines.versions(scope, pipeline["PipelineName"])
        version = given.get("PipelineVersionId", versions.newest)
        described = versions.record(pipeline, version)
        text = described["PipelineDefinition"]
        definition = parse_definition(text)
        selective = given.get("SelectiveExecutionConfig", {})
        source = self._source(scope, pipeline, selective.get("SourcePipelineExecutionArn"))
        selected = frozenset(step["StepName"] for step in selective.get("SelectedSteps", ()))
        try:
            parameters = given_parameters(given.get("PipelineParameters", ()))
            earlier = source.parameters if source is not None else None
            values = parameter_values(definition, parameters, earlier)
            check_selection(definition, selected)
            done = reused(
                definition,
                selected,
                source.arn if source is not None else None,
                source.states if source is not None else {},
            )
        except (ParameterError, SelectionError) as error:
            raise AwsError("ValidationException", str(error)) from error
        identifier = random_id(12)
        record = _new_record(pipeline, given, context, identifier)
        record["PipelineVersionId"] = version
        if selective:
            record["SelectiveExecutionConfig"] = selective
        execution = Execution(
            record=record,
            identifier=identifier,
            token=token,
            pipeline_name=pipeline["PipelineName"],
            role_arn=pipeline["RoleArn"],
            definition=text,
            given=parameters,
            parameters=values,
            selected=selected if selective else None,
        )
        with self._backend.lock:
            self._runner.add(execution)
            self._backend.records.of(scope, KIND)[execution.arn] = record
            pipeline.update(LastRunTime=now(), LastExecutionTime=now())
            described["LastExecutionPipelineExecutionArn"] = execution.arn
        self._expect(scope, text)
        self._runner.begin(scope, execution, done)
        return {"PipelineExecutionArn": execution.arn}

    def _source(self, scope: Scope, pipeline: Record, arn: str | None) -> Execution | None:
        """Returns the execution of the pipeline whose results a selective execution uses."""
        if arn is None:
            return None
        source = self._execution(scope, {"PipelineExecutionArn": arn}, "StartPipelineExecution")
        status = source.record["PipelineExecutionStatus"]
        if source.pipeline_arn != pipeline["PipelineArn"] or status not in ENDED:
            message = (
                "SourcePipelineExecutionArn must be an ended execution of "
                f"{pipeline['PipelineArn']}; the status of {arn} is '{status}'."
            )
            raise AwsError("ValidationException", message)
        return source

    def describe_pipeline_execution(self, request: Request, context: Context) -> Response:
        execution = self._execution(context.scope, request, "DescribePipelineExecution")
        return self._backend.describe("DescribePipelineExecution", execution.record)

    def list_pipeline_executions(self, request: Request, context: Context) -> Response:
        name = request["PipelineName"]
        pipeline = self._pipelines.find(context.scope, name, "ListPipelineExecutions")
        with self._backend.lock:
            executions = [
                {
                    **execution,
                    "StartTime": execution["CreationTime"],
                    "PipelineExecutionFailureReason": execution.get("FailureReason"),
                }
                for execution in self._backend.records.of(context.scope, KIND).values()
                if execution["PipelineArn"] == pipeline["PipelineArn"]
            ]
        return LISTING.respond(executions, request)

    def list_pipeline_execution_steps(self, request: Request, context: Context) -> Response:
        if "PipelineExecutionArn" not in request:
            raise AwsError("ValidationException", "PipelineExecutionArn is required.")
        execution = self._execution(context.scope, request, "ListPipelineExecutionSteps")
        steps = execution.steps()
        # "The default is CreatedTime", newest first, as the service returns them.
        if request.get("SortOrder", "Descending") == "Descending":
            steps.reverse()
        return page(steps, request, "PipelineExecutionSteps")

    def list_pipeline_parameters_for_execution(
        self, request: Request, context: Context
    ) -> Response:
        execution = self._execution(context.scope, request, "ListPipelineParametersForExecution")
        entries = [
            {"Name": name, "Value": text_of(value)} for name, value in execution.parameters.items()
        ]
        return page(entries, request, "PipelineParameters")

    def describe_pipeline_definition_for_execution(
        self, request: Request, context: Context
    ) -> Response:
        operation = "DescribePipelineDefinitionForExecution"
        execution = self._execution(context.scope, request, operation)
        return {
            "PipelineDefinition": execution.definition,
            "CreationTime": execution.record["CreationTime"],
        }

    def stop_pipeline_execution(self, request: Request, context: Context) -> Response:
        execution = self._execution(context.scope, request, "StopPipelineExecution")
        status = execution.record["PipelineExecutionStatus"]
        if status in ENDED:
            message = (
                "Only pipelines with 'Executing' status can be stopped; "
                f"the status of {execution.arn} is '{status}'."
            )
            raise AwsError("ValidationException", message)
        self._runner.stop(context.scope, execution)
        return {"PipelineExecutionArn": execution.arn}

    def retry_pipeline_execution(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("RetryPipelineExecution", request)
        execution = self._execution(context.scope, given, "RetryPipelineExecution")
        record = execution.record
        status = record["PipelineExecutionStatus"]
        if status not in ("Failed", "Stopped"):
            message = (
                "Only pipeline executions that have failed or were stopped can be retried; "
                f"the status of {execution.arn} is '{status}'."
            )
            raise AwsError("ValidationException", message)
        with self._backend.lock:
            if "ParallelismConfiguration" in given:
                record["ParallelismConfiguration"] = given["ParallelismConfiguration"]
            record.update(
                PipelineExecutionStatus="Executing",
                LastModifiedTime=now(),
                LastModifiedBy=caller_identity(context),
            )
            record.pop("FailureReason", None)
            done = {
                name: state
                for name, state in execution.states.items()
                if state.status == "Succeeded"
            }
        self._runner.begin(context.scope, execution, done)
        return {"PipelineExecutionArn": execution.arn}

    def send_pipeline_execution_step_success(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("SendPipelineExecutionStepSuccess", request)
        callback = self._callback(given, context.scope)
        if callback.request_token == given.get("ClientRequestToken"):
            return {"PipelineExecutionArn": callback.execution_arn}
        outputs: dict[str, Any] = {}
        for entry in given.get("OutputParameters", ()):
            if entry["Name"] in outputs or entry["Name"] not in output_types(callback.step):
                known = ", ".join(output_types(callback.step)) or "none"
                message = (
                    f"Output parameters of step {callback.step['Name']} are {known}, each once; "
                    f"got {entry['Name']}."
                )
                raise AwsError("ValidationException", message)
            outputs[entry["Name"]] = entry["Value"]
        try:
            values = typed_outputs(callback.step, outputs)
        except OutputError as error:
            message = f"Step {callback.step['Name']}: {error}."
            raise AwsError("ValidationException", message) from error
        return self._end(callback, given, values)

    def send_pipeline_execution_step_failure(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("SendPipelineExecutionStepFailure", request)
        callback = self._callback(given, context.scope)
        if callback.request_token == given.get("ClientRequestToken"):
            return {"PipelineExecutionArn": callback.execution_arn}
        reason = given.get("FailureReason") or "The callback step failed without a reason."
        return self._end(callback, given, {}, reason)

    def callback_arn(self, token: str) -> str | None:
        """Returns the ARN of the execution whose callback step has a token, for IAM."""
        callback = self._runner.callbacks.find(token)
        return callback.execution_arn if callback is not None else None

    def _callback(self, given: Mapping[str, Any], scope: Scope) -> Callback:
        """Returns the callback step of a token, in the account and region of the caller."""
        token = given["CallbackToken"]
        callback = self._runner.callbacks.find(token)
        if callback is None or not callback.execution_arn.startswith(scope.arn("sagemaker", "")):
            raise AwsError("ResourceNotFound", f"CallbackToken '{token}' does not exist.")
        if callback.ended.is_set() and callback.request_token != given.get("ClientRequestToken"):
            message = f"The callback step of token '{token}' has ended."
            raise AwsError("ConflictException", message)
        return callback

    def _end(
        self,
        callback: Callback,
        given: Mapping[str, Any],
        outputs: Mapping[str, Any],
        failure: str | None = None,
    ) -> Response:
        callback.end(given.get("ClientRequestToken", ""), outputs, failure)
        self._runner.wake()
        return {"PipelineExecutionArn": callback.execution_arn}

    def update_pipeline_execution(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdatePipelineExecution", request)
        execution = self._execution(context.scope, given, "UpdatePipelineExecution")
        names = (
            "PipelineExecutionDescription",
            "PipelineExecutionDisplayName",
            "ParallelismConfiguration",
        )
        with self._backend.lock:
            execution.record.update(
                {name: given[name] for name in names if name in given},
                LastModifiedTime=now(),
                LastModifiedBy=caller_identity(context),
            )
        return {"PipelineExecutionArn": execution.arn}

    def delete_pipeline(self, request: Request, context: Context) -> Response:
        scope = context.scope
        pipeline = self._pipelines.find(scope, request["PipelineName"], "DeletePipeline")
        running = [
            execution["PipelineExecutionArn"]
            for execution in self._backend.all(scope, KIND)
            if execution["PipelineArn"] == pipeline["PipelineArn"]
            and execution["PipelineExecutionStatus"] not in ENDED
        ]
        if running:
            message = f"Pipeline {pipeline['PipelineArn']} is running: stop {', '.join(running)}."
            raise AwsError("ConflictException", message)
        self._pipelines.remove(scope, pipeline)
        self._runner.forget(scope, pipeline["PipelineArn"])
        return {"PipelineArn": pipeline["PipelineArn"]}

    def _execution(self, scope: Scope, request: Mapping[str, Any], operation: str) -> Execution:
        arn = request["PipelineExecutionArn"]
        message = f"PipelineExecution '{arn}' does not exist."
        self._backend.find(scope, KIND, arn, operation=operation, message=message)
        return self._runner.execution(arn)


def _new_record(
    pipeline: Record, given: Mapping[str, Any], context: Context, identifier: str
) -> Record:
    moment = now()
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
        "CreatedBy": caller_identity(context),
        "LastModifiedBy": caller_identity(context),
        "ParallelismConfiguration": given.get("ParallelismConfiguration")
        or pipeline.get("ParallelismConfiguration")
        or {"MaxParallelExecutionSteps": DEFAULT_PARALLEL_STEPS},
    }
