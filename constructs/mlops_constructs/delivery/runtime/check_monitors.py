"""Accepts templates whose monitors run the approved model's image; a CodeBuild build runs this.

    python3 -I check_monitors.py FOLDER

FOLDER holds the templates that check_templates.py has written. A schedule in them can start
transform jobs of a model of the template over the files of the stage, or one program: `monitor` of
the image of a model package that the template deploys, with the role of the project's monitors. The
exit status is 1 if a template is rejected, and each reason is printed.

The script is inlined in the pipeline's template. It only needs the standard library and the AWS
CLI, which CodeBuild images have.

Environment: SAGEMAKER_PROJECT_NAME, STAGES (names separated by spaces), STAGE_KINDS for each of
them (kinds that it may have, separated by spaces), CODEBUILD_BUILD_ARN;
MONITORING_ROLE_ARN, MONITORING_STARTER_ROLE_ARN and MONITORING_QUEUE_ARN, and the same with the
prefix STAGE_ for a stage in another account.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEDULE, COMPOSITE, DASHBOARD, MONITORING_SCHEDULE = (
    "AWS::Scheduler::Schedule",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::SageMaker::MonitoringSchedule",
)
DEFINITIONS = {
    f"AWS::SageMaker::{kind}JobDefinition": kind
    for kind in ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")
}
TARGET = "scheduler:::aws-sdk:sagemaker:createProcessingJob"
TRANSFORM_TARGET = "scheduler:::aws-sdk:sagemaker:createTransformJob"
# The name of a model of the template, in requests.
MODEL_OF_TEMPLATE = "<model of the template>"
# At most one run per hour.
TRANSFORM_EXPRESSION = re.compile(
    r"cron\(\d{1,2} [\w*/,?#-]+( [\w*/,?#-]+){4}\)|rate\(\d+ (hour|day)s?\)"
)
TRANSFORM_REQUEST = {
    "BatchStrategy",
    "DataCaptureConfig",
    "DataProcessing",
    "ModelName",
    "TransformInput",
    "TransformJobName",
    "TransformOutput",
    "TransformResources",
}
CAPTURE = {"DestinationS3Uri", "GenerateInferenceId", "KmsKeyId"}
TRANSFORM_MACHINES = {"InstanceCount", "InstanceType", "VolumeKmsKeyId"}
# At most one run per hour.
SCHEDULER_EXPRESSION = re.compile(r"cron\(\d{1,2} [\d*/,-]+ \? \* \* \*\)")
MONITORING_EXPRESSION = re.compile(r"cron\(0 [\d*/,-]+ \? \* \* \*\)")
INSTANCE_TYPE = re.compile(r"ml\.[tmcr]\d[a-z]*\.[a-z0-9]+")
MAX_INSTANCES = 100  # as data_quality.instances and instance_count of model-deploy
MAX_VOLUME_GB = 1024
COMMAND = ["monitor"]
PROPERTIES = {
    "Description",
    "FlexibleTimeWindow",
    "KmsKeyArn",
    "Name",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "State",
    "Target",
}
TARGET_PROPERTIES = {"Arn", "DeadLetterConfig", "Input", "RetryPolicy", "RoleArn"}
REQUEST = {
    "AppSpecification",
    "Environment",
    "NetworkConfig",
    "ProcessingInputs",
    "ProcessingJobName",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "RoleArn",
    "StoppingCondition",
    "Tags",
}
# Settings of the program; another variable could change the interpreter or the credentials.
VARIABLES = {
    "analysis_config",
    "analysis_type",
    "baseline_constraints",
    "baseline_statistics",
    "batch_predictions",
    "dataset_format",
    "dataset_source",
    "end_time",
    "engine",
    "exclude_features_attribute",
    "features_attribute",
    "ground_truth_delay_hours",
    "ground_truth_source",
    "inference_attribute",
    "metrics_namespace",
    "model_source",
    "output_path",
    "period_hours",
    "probability_attribute",
    "probability_threshold_attribute",
    "problem_type",
    "publish_cloudwatch_metrics",
    "sagemaker_endpoint_name",
    "sagemaker_monitoring_schedule_name",
    "segment_attribute",
    "unreadable_threshold",
    "variant_name",
}
SUFFIXES = {"aws-cn": "amazonaws.com.cn"}
WIDGETS = {"alarm", "metric", "text"}

Aws = Callable[..., Any]


class RejectedError(Exception):
    """Rejected input; the message says what and why."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Names, roles, images and places of the monitors of a stage.

    Args:
        endpoint: name of the stage's endpoint, prefix of all names.
        stage: name of the stage.
        kinds: kinds that the stage may have.
        role_arn: role of the runs.
        starter_role_arn: role of EventBridge Scheduler.
        queue_arn: queue of runs that could not be started.
        images: URIs of the images of the deployed model packages.
        pseudo: values of CloudFormation's pseudo parameters; the names of the parameters that
            check_templates.py lets the template read.
    """

    endpoint: str
    stage: str
    kinds: frozenset[str]
    role_arn: str
    starter_role_arn: str
    queue_arn: str
    images: frozenset[str]
    pseudo: Mapping[str, str]

    def literal(self, value: Any, unknown: str | None = None) -> Any:
        """Returns a value without pseudo parameters; `unknown` in place of other functions.

        Raises:
            RejectedError: the value has another function, and `unknown` is None.
        """
        if isinstance(value, list):
            return [self.literal(one, unknown) for one in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"} and value["Ref"] in self.pseudo:
            return self.pseudo[value["Ref"]]
        if set(value) == {"Fn::Join"} and isinstance(value["Fn::Join"], list):
            separator, parts = value["Fn::Join"]
            texts = self.literal(parts, unknown)
            if isinstance(texts, list) and all(isinstance(one, str) for one in [separator, *texts]):
                return str(separator).join(texts)
        if any(key == "Ref" or key.startswith("Fn::") for key in value):
            if unknown is not None:
                return unknown
            raise RejectedError(f"got {json.dumps(value)[:200]}; allowed is a literal value")
        return {key: self.literal(one, unknown) for key, one in value.items()}


def problems_of(template: Mapping[str, Any], place: Place) -> Iterator[str]:
    """Validates the monitors of a template; yields one message per problem.

    Args:
        template: the template, which check_templates.py has accepted.
        place: what the monitors can use.
    """
    checks: dict[str, Callable[[Any, Place, Any], Iterator[str]]] = {
        SCHEDULE: _of_schedule,
        COMPOSITE: _of_composite,
        DASHBOARD: _of_dashboard,
        MONITORING_SCHEDULE: _of_monitoring_schedule,
        **dict.fromkeys(DEFINITIONS, _of_definition),
    }
    resources = template["Resources"]
    for logical_id, resource in resources.items():
        check = checks.get(resource["Type"])
        if check is None:
            continue
        try:
            yield from (f"{logical_id}: {one}" for one in check(resource, place, resources))
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            yield f"{logical_id}: is malformed: {type(error).__name__} {error}"
        except RejectedError as error:
            yield f"{logical_id}: {error}"


def _of_schedule(resource: Any, place: Place, resources: Any) -> Iterator[str]:
    properties = _with_models(resource["Properties"], resources)
    given = {key: place.literal(value) for key, value in properties.items()}
    yield from _unknown("", given, PROPERTIES)
    yield from _name("Name", given.get("Name"), place)
    is_batch = given.get("Name") == f"{place.endpoint}-batch"
    expression = TRANSFORM_EXPRESSION if is_batch else SCHEDULER_EXPRESSION
    if not _matches(expression, given.get("ScheduleExpression")):
        yield (
            f"ScheduleExpression is {given.get('ScheduleExpression')!r}; allowed is a cron "
            "expression with at most one run per hour"
        )
    target = given["Target"]
    yield from _unknown("Target.", target, TARGET_PROPERTIES)
    api = TRANSFORM_TARGET if is_batch else TARGET
    for key, got, allowed in (
        ("Target.Arn", target.get("Arn"), f"arn:{place.pseudo['AWS::Partition']}:{api}"),
        ("Target.RoleArn", target.get("RoleArn"), place.starter_role_arn),
        ("Target.DeadLetterConfig", target.get("DeadLetterConfig"), {"Arn": place.queue_arn}),
    ):
        if got != allowed:
            yield f"{key} is {got!r}; allowed is {allowed!r}"
    request = json.loads(target["Input"], object_pairs_hook=_unique)
    found = _of_transform(request, place) if is_batch else _of_request(request, place)
    yield from (f"Target.Input: {one}" for one in found)


def _with_models(value: Any, resources: Mapping[str, Any]) -> Any:
    """Returns a value with a text in place of each name of a model of the template."""
    if isinstance(value, list):
        return [_with_models(one, resources) for one in value]
    if not isinstance(value, dict):
        return value
    named = value.get("Fn::GetAtt") if set(value) == {"Fn::GetAtt"} else None
    if isinstance(named, list) and named[1:] == ["ModelName"]:
        found = resources.get(named[0], {})
        if found.get("Type") == "AWS::SageMaker::Model":
            return MODEL_OF_TEMPLATE
    return {key: _with_models(one, resources) for key, one in value.items()}


def _of_transform(request: Any, place: Place) -> Iterator[str]:
    if "batch" not in place.kinds:
        yield f"starts transform jobs; allowed kinds are {', '.join(sorted(place.kinds))}"
    yield from _unknown("", request, TRANSFORM_REQUEST)
    if request.get("ModelName") != MODEL_OF_TEMPLATE:
        yield f"ModelName is {request.get('ModelName')!r}; allowed is a model of the template"
    source = request["TransformInput"]["DataSource"]
    files = source.get("S3DataSource", {})
    stage = re.escape(place.stage)
    if set(source) != {"S3DataSource"} or files.get("S3DataType") != "S3Prefix":
        yield f"TransformInput has {json.dumps(source)[:200]}; allowed is a prefix of S3"
    output = request["TransformOutput"].get("S3OutputPath")
    yield from _location("S3Uri", files.get("S3Uri"), f"batch/input/{stage}/")
    yield from _location("S3OutputPath", output, f"batch/predictions/{stage}")
    if "DataCaptureConfig" in request:
        capture = request["DataCaptureConfig"]
        yield from _unknown("DataCaptureConfig.", capture, CAPTURE)
        yield from _location(
            "DestinationS3Uri", capture.get("DestinationS3Uri"), f"batch/capture/{stage}"
        )
    machines = request["TransformResources"]
    yield from _unknown("TransformResources.", machines, TRANSFORM_MACHINES)
    if not 1 <= int(machines["InstanceCount"]) <= MAX_INSTANCES:
        yield f"InstanceCount is {machines['InstanceCount']!r}; allowed are 1 to {MAX_INSTANCES}"


def _location(name: str, uri: Any, path: str) -> Iterator[str]:
    if not _matches(re.compile(f"s3://[a-z0-9.-]+/{path}"), uri):
        yield f"{name} is {uri!r}; allowed is s3://BUCKET/{path}"


def _of_request(request: Any, place: Place) -> Iterator[str]:
    yield from _unknown("", request, REQUEST)
    yield from _program(request["AppSpecification"], {"ImageUri", "ContainerArguments"}, place)
    yield from _variables(request.get("Environment", {}))
    yield from _run_as(request.get("RoleArn"), place)
    yield from _machines(request["ProcessingResources"]["ClusterConfig"])
    for one in request.get("ProcessingInputs", []):
        if set(one) != {"InputName", "AppManaged", "S3Input"}:
            yield f"ProcessingInputs has {sorted(one)}; allowed are files in S3"
    for one in request["ProcessingOutputConfig"]["Outputs"]:
        if set(one) != {"OutputName", "AppManaged", "S3Output"}:
            yield f"ProcessingOutputConfig has {sorted(one)}; allowed are files in S3"


def _of_definition(resource: Any, place: Place, _: Any) -> Iterator[str]:
    kind = DEFINITIONS[resource["Type"]]
    given = place.literal(resource["Properties"])
    yield from _name("JobDefinitionName", given.get("JobDefinitionName"), place)
    program = given[f"{kind}AppSpecification"]
    known = {"ConfigUri", "ContainerArguments", "Environment", "ImageUri", "ProblemType"}
    yield from _program(program, known, place, is_clarify="Bias" in kind or "Explain" in kind)
    yield from _variables(program.get("Environment", {}))
    yield from _run_as(given.get("RoleArn"), place)
    yield from _machines(given["JobResources"]["ClusterConfig"])
    source = given[f"{kind}JobInput"]
    if "batch" in place.kinds and set(source) == {"BatchTransformInput"}:
        captured = source["BatchTransformInput"].get("DataCapturedDestinationS3Uri")
        path = f"batch/capture/{re.escape(place.stage)}"
        yield from _location("DataCapturedDestinationS3Uri", captured, path)
        return
    if set(source) - {"EndpointInput", "GroundTruthS3Input"}:
        yield f"{kind}JobInput has {sorted(source)}; allowed is the traffic of the stage"
    read = source["EndpointInput"]["EndpointName"]
    if read != place.endpoint:
        yield f"EndpointName is {read!r}; allowed is {place.endpoint!r}"


def _of_monitoring_schedule(resource: Any, place: Place, resources: Any) -> Iterator[str]:
    properties = resource["Properties"]
    name = place.literal(properties.get("MonitoringScheduleName"))
    yield from _name("MonitoringScheduleName", name, place)
    config = dict(properties["MonitoringScheduleConfig"])
    named = config.pop("MonitoringJobDefinitionName", None)
    allowed = {"MonitoringType", "ScheduleConfig"}
    yield from _unknown("MonitoringScheduleConfig.", config, allowed)
    if _definition(named, resources) not in DEFINITIONS:
        yield f"MonitoringJobDefinitionName is {json.dumps(named)}; allowed is one of the template"
    expression = place.literal(config)["ScheduleConfig"].get("ScheduleExpression")
    if not _matches(MONITORING_EXPRESSION, expression):
        yield (
            f"ScheduleExpression is {expression!r}; allowed is a cron expression with at most "
            "one run per hour"
        )


def _definition(value: Any, resources: Mapping[str, Any]) -> str | None:
    """Returns the type of the resource whose name a value is, or refers to."""
    logical_id = None
    if isinstance(value, dict) and set(value) == {"Fn::GetAtt"}:
        logical_id = value["Fn::GetAtt"][0]
    for name, resource in resources.items():
        own = resource.get("Properties", {}).get("JobDefinitionName")
        if name == logical_id or (isinstance(value, str) and own == value):
            return str(resource["Type"])
    return None


def _of_composite(resource: Any, place: Place, _: Any) -> Iterator[str]:
    properties = resource["Properties"]
    yield from _name("AlarmName", place.literal(properties.get("AlarmName")), place)
    acting = sorted(key for key in properties if key.endswith("Actions"))
    if acting:
        yield f"has {', '.join(acting)}; allowed are none: rules of the project act on its events"


def _of_dashboard(resource: Any, place: Place, _: Any) -> Iterator[str]:
    properties = resource["Properties"]
    yield from _name("DashboardName", place.literal(properties.get("DashboardName")), place)
    body = json.loads(place.literal(properties["DashboardBody"], "0"))
    kinds = {str(one.get("type")) for one in body["widgets"]}
    if kinds - WIDGETS:
        # A custom widget calls a function with the permissions of the user who opens the dashboard.
        yield f"widgets are {sorted(kinds)}; allowed are {', '.join(sorted(WIDGETS))}"


def _unknown(prefix: str, given: Mapping[str, Any], known: set[str]) -> Iterator[str]:
    for key in sorted(set(given) - known):
        yield f"{prefix}{key}; allowed are {', '.join(sorted(known))}"


def _name(key: str, name: Any, place: Place) -> Iterator[str]:
    if not isinstance(name, str) or not name.startswith(f"{place.endpoint}-"):
        yield f"{key} is {name!r}; allowed is {place.endpoint}-NAME"


def _program(
    given: Mapping[str, Any], known: set[str], place: Place, *, is_clarify: bool = False
) -> Iterator[str]:
    yield from _unknown("AppSpecification.", given, known)
    if given.get("ImageUri") not in place.images:
        images = ", ".join(sorted(place.images)) or "none"
        yield f"ImageUri is {given.get('ImageUri')!r}; allowed is that of the model: {images}"
    # The definitions of Clarify have no arguments.
    if given.get("ContainerArguments", COMMAND if is_clarify else None) != COMMAND:
        yield f"ContainerArguments are {given.get('ContainerArguments')!r}; allowed are {COMMAND}"


def _variables(given: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(set(given) - VARIABLES):
        yield f"the variable {name}; allowed are settings of the program"


def _run_as(role_arn: Any, place: Place) -> Iterator[str]:
    if role_arn != place.role_arn:
        yield f"RoleArn is {role_arn!r}; allowed is {place.role_arn!r}"


def _machines(given: Mapping[str, Any]) -> Iterator[str]:
    if not 1 <= int(given["InstanceCount"]) <= MAX_INSTANCES:
        yield f"InstanceCount is {given['InstanceCount']!r}; allowed are 1 to {MAX_INSTANCES}"
    if not _matches(INSTANCE_TYPE, given.get("InstanceType")):
        yield f"InstanceType is {given.get('InstanceType')!r}; allowed are types without GPU"
    if not 1 <= int(given["VolumeSizeInGB"]) <= MAX_VOLUME_GB:
        yield f"VolumeSizeInGB is {given['VolumeSizeInGB']!r}; allowed are 1 to {MAX_VOLUME_GB}"


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a duplicate key")
    return found


def place_of(
    stage: str, template: Mapping[str, Any], environment: Mapping[str, str], aws: Aws
) -> Place:
    """Returns what the monitors of a stage can use.

    Raises:
        RejectedError: the project has no roles for monitors, or a package cannot be read.
    """
    prefix = f"{stage.upper().replace('-', '_')}_"
    if f"{prefix}MONITORING_ROLE_ARN" not in environment:
        prefix = ""
    names = [f"{prefix}MONITORING_{name}_ARN" for name in ("ROLE", "STARTER_ROLE", "QUEUE")]
    if not all(environment.get(name) for name in names):
        raise RejectedError("got monitors, but the project has no roles for them")
    role_arn, starter_role_arn, queue_arn = (environment[name] for name in names)
    partition = environment["CODEBUILD_BUILD_ARN"].split(":", 2)[1]
    region = queue_arn.split(":")[3]  # that of the stage
    return Place(
        endpoint=f"{environment['SAGEMAKER_PROJECT_NAME']}-{stage}",
        stage=stage,
        kinds=frozenset(environment[f"{stage.upper().replace('-', '_')}_KINDS"].split()),
        role_arn=role_arn,
        starter_role_arn=starter_role_arn,
        queue_arn=queue_arn,
        images=frozenset(_images(template, aws)),
        pseudo={
            **{
                name: one["Default"]
                for name, one in template.get("Parameters", {}).items()
                if one["Type"].startswith("AWS::SSM::")
            },
            "AWS::AccountId": role_arn.split(":")[4],
            "AWS::Partition": partition,
            "AWS::Region": region,
            "AWS::URLSuffix": SUFFIXES.get(partition, "amazonaws.com"),
        },
    )


def _images(template: Mapping[str, Any], aws: Aws) -> Iterator[str]:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::SageMaker::Model":
            arn = resource["Properties"]["PrimaryContainer"]["ModelPackageName"]
            package = aws("sagemaker", "describe-model-package", "--model-package-name", arn)
            for container in package.get("InferenceSpecification", {}).get("Containers", []):
                yield str(container["Image"])


def has_monitors(template: Mapping[str, Any]) -> bool:
    """Returns True if a template has a resource that this script validates."""
    kinds = {SCHEDULE, COMPOSITE, DASHBOARD, MONITORING_SCHEDULE, *DEFINITIONS}
    return any(resource["Type"] in kinds for resource in template["Resources"].values())


def call_aws(*arguments: str) -> Any:
    """Returns the output of an AWS CLI command.

    Raises:
        RejectedError: if the command fails.
    """
    command = ["aws", *arguments, "--output", "json"]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise RejectedError(f"aws {' '.join(arguments[:2])}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def main(arguments: list[str], environment: Mapping[str, str], aws: Aws = call_aws) -> int:
    """Checks the templates of a folder; returns the exit status."""
    problems: list[str] = []
    for stage in environment["STAGES"].split():
        path = Path(arguments[0]) / f"{stage}.template.json"
        if not path.exists():  # no model is approved yet
            continue
        template = json.loads(path.read_bytes())
        if not has_monitors(template):
            continue
        try:
            place = place_of(stage, template, environment, aws)
            problems += (f"{stage}: {one}" for one in problems_of(template, place))
        except RejectedError as error:
            problems.append(f"{stage}: {error}")
    if problems:
        sys.stdout.write("REJECTED monitors: nothing is deployed.\n")
        sys.stdout.write("".join(f"  {one}\n" for one in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
