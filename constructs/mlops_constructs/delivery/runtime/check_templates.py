"""Passes on templates that only deploy approved models; a CodeBuild build runs this script.

    python3 -I check_templates.py SOURCE OUTPUT VARIABLES

SOURCE holds the templates that the team's code has synthesised. They are untrusted, so none of
their content is run. Valid templates are written to OUTPUT from the parsed content: what was
validated is what is deployed. VARIABLES becomes a shell script that exports the values that the
approval shows. The exit status is 1 if templates are rejected, and each reason is printed.

The script is inlined in the pipeline's template. It only needs the standard library and the AWS
CLI, which CodeBuild images have.

Environment: SAGEMAKER_PROJECT_NAME, MODEL_PACKAGE_PREFIX (the ARN of the group's packages without
their version), STAGES (names separated by spaces), STAGE_KINDS for each of them, such as PROD_KINDS
(kinds that it may have, separated by spaces), STAGE_PARAMETERS (names of parameters of Systems
Manager that it may read, separated by spaces), ARTIFACT_BUCKET, COMMIT_ID; CODEBUILD_BUILD_ARN;
LAST_STAGE_ROLE_ARN and LAST_STAGE_REGION (the role that reads the deployed template, and its
region, if the last stage is in another account or region); COPIED_STAGES (names of stages in other
regions, whose templates name copies, separated by spaces).
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

MODEL, CONFIG, ENDPOINT = (
    f"AWS::SageMaker::{kind}" for kind in ("Model", "EndpointConfig", "Endpoint")
)
COMPONENT = "AWS::SageMaker::InferenceComponent"
TYPES = {
    MODEL,
    CONFIG,
    ENDPOINT,
    COMPONENT,
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CDK::Metadata",
    "AWS::CloudWatch::Alarm",
    # Those of monitors, which check_monitors.py validates.
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::SageMaker::DataQualityJobDefinition",
    "AWS::SageMaker::ModelBiasJobDefinition",
    "AWS::SageMaker::ModelExplainabilityJobDefinition",
    "AWS::SageMaker::ModelQualityJobDefinition",
    "AWS::SageMaker::MonitoringSchedule",
    "AWS::Scheduler::Schedule",
}
SECTIONS = {
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
}
MODEL_PROPERTIES = {
    "EnableNetworkIsolation",
    "ExecutionRoleArn",
    "ModelName",
    "PrimaryContainer",
    "Tags",
    "VpcConfig",
}
COMPONENT_PROPERTIES = {
    "DeploymentConfig",
    "EndpointName",
    "InferenceComponentName",
    "RuntimeConfig",
    "Specification",
    "Tags",
    "VariantName",
}
SPECIFICATION = {
    "ComputeResourceRequirements",
    "DataCacheConfig",
    "ModelName",
    "SchedulingConfig",
    "StartupParameters",
}
READ = "AWS::SSM::Parameter::Value<String>"
# Split, because CloudFormation would resolve it as a reference in the pipeline's template.
DYNAMIC = "{" * 2 + "resolve:"
MAX_BYTES = 1_000_000
CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}

Template = dict[str, Any]
Aws = Callable[..., Any]


class RejectedError(Exception):
    """Rejected input; the message says what and why."""


def read_templates(source: Path, stages: Iterable[str]) -> dict[str, Template]:
    """Returns the templates of all stages, or none if no model is approved yet."""
    found = {}
    for stage in stages:
        path = source / f"{stage}.template.json"
        if path.is_symlink() or path.exists():
            found[stage] = _read(path)
    missing = [stage for stage in stages if found and stage not in found]
    if missing:
        raise RejectedError(f"got no template for {', '.join(missing)}, but one for other stages")
    return found


def _read(path: Path) -> Template:
    if path.is_symlink() or not path.is_file():
        raise RejectedError(f"{path.name} is not a regular file")
    if path.stat().st_size > MAX_BYTES:
        raise RejectedError(f"{path.name} has more than {MAX_BYTES} bytes")
    try:
        template = json.loads(path.read_bytes(), object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        raise RejectedError(f"{path.name} is not valid JSON: {error}") from error
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise RejectedError(f"{path.name} has no Resources")
    return template


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"duplicate key among {sorted(found)[:5]}")
    return found


def problems_of(
    template: Template,
    *,
    endpoint: str,
    packages: str,
    kinds: Iterable[str],
    parameters: Collection[str] = (),
) -> Iterator[str]:
    """Validates the template of a stage; yields one message per problem.

    Args:
        template: the template.
        endpoint: name of the stage's endpoint.
        packages: prefix of the ARNs of the packages that may be deployed.
        kinds: kinds that the stage may have.
        parameters: names of parameters of Systems Manager that it may read. Defaults to (): none.
    """
    for section in sorted(set(template) - SECTIONS):
        yield f"the section {section}; allowed are {', '.join(sorted(SECTIONS))}"
    if DYNAMIC in json.dumps(template):
        yield f"a dynamic reference ({DYNAMIC}); allowed are values in the template"
    if "Fn::Transform" in set(_keys(template)):
        yield "Fn::Transform; allowed are templates without macros"
    yield from _of_parameters(template.get("Parameters", {}), parameters)
    resources = template["Resources"]
    for logical_id, resource in resources.items():
        if not isinstance(resource, dict) or not isinstance(resource.get("Properties", {}), dict):
            yield f"{logical_id} is not a resource"
            continue
        kind, properties = resource.get("Type"), resource.get("Properties", {})
        if kind not in TYPES:
            yield f"{logical_id} is {kind!r}; allowed are {', '.join(sorted(TYPES))}"
            continue
        found = _of_resource(kind, properties, resources, endpoint=endpoint, packages=packages)
        yield from (f"{logical_id}: {one}" for one in found)
        used = kind_of(kind, properties)
        if used is not None and used not in kinds:
            yield f"{logical_id} is of the kind {used}; allowed are {', '.join(sorted(kinds))}"


def _of_parameters(given: Any, readable: Collection[str]) -> Iterator[str]:
    if not isinstance(given, dict):
        yield f"Parameters is {json.dumps(given)}; allowed is an object"
        return
    for name, parameter in given.items():
        kind = parameter.get("Type") if isinstance(parameter, dict) else None
        if not isinstance(kind, str):
            yield f"the parameter {name} has no Type"
        elif kind.startswith("AWS::SSM::"):
            read = parameter.get("Default")
            if kind != READ or read not in readable:
                allowed = ", ".join(sorted(readable)) or "none"
                yield f"the parameter {name} is {kind} {json.dumps(read)}; allowed are {allowed}"


def _of_resource(
    kind: str,
    properties: Mapping[str, Any],
    resources: Mapping[str, Any],
    *,
    endpoint: str,
    packages: str,
) -> Iterator[str]:
    match kind:
        case "AWS::SageMaker::Model":
            yield from _of_model(properties, packages)
        case "AWS::SageMaker::EndpointConfig":
            yield from _of_config(properties, resources)
        case "AWS::SageMaker::Endpoint":
            yield from _of_endpoint(properties, resources, endpoint)
        case "AWS::SageMaker::InferenceComponent":
            yield from _of_component(properties, resources, endpoint)


def kind_of(resource_type: str, properties: Mapping[str, Any]) -> str | None:
    """Returns the kind of stage that a resource belongs to; None if every kind has it."""
    if resource_type == COMPONENT:
        return "component"
    if resource_type != CONFIG:
        return None
    if "AsyncInferenceConfig" in properties:
        return "asynchronous"
    variants = properties.get("ProductionVariants")
    first = variants[0] if isinstance(variants, list) and variants else {}
    if not isinstance(first, dict):
        return None
    if "ServerlessConfig" in first:
        return "serverless"
    return "real-time" if "ModelName" in first else "component"


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield key
            yield from _keys(member)
    elif isinstance(value, list):
        for member in value:
            yield from _keys(member)


def _of_model(properties: Mapping[str, Any], packages: str) -> Iterator[str]:
    for name in sorted(set(properties) - MODEL_PROPERTIES):
        yield f"{name}; a model is one container that a model package describes"
    container = properties.get("PrimaryContainer")
    if not isinstance(container, dict) or set(container) != {"ModelPackageName"}:
        got = ", ".join(sorted(container)) if isinstance(container, dict) else repr(container)
        yield f"PrimaryContainer has {got}; allowed is ModelPackageName alone"
        return
    name = container["ModelPackageName"]
    if not isinstance(name, str) or not re.fullmatch(rf"{re.escape(packages)}[1-9]\d*", name):
        yield f"ModelPackageName is {json.dumps(name)}; allowed is {packages}VERSION, literally"


def _of_config(properties: Mapping[str, Any], resources: Mapping[str, Any]) -> Iterator[str]:
    # A function could remove what the kind of the stage is read from.
    if not _is_literal(properties.get("AsyncInferenceConfig", {})):
        yield "AsyncInferenceConfig is a function; allowed are literal members"
    shadows = properties.get("ShadowProductionVariants", [])
    for listed in (properties.get("ProductionVariants"), shadows):
        if not isinstance(listed, list):
            yield "the variants are not a literal list"
            return
        for variant in listed:
            for member in ("ManagedInstanceScaling", "ServerlessConfig"):
                if isinstance(variant, dict) and not _is_literal(variant.get(member, {})):
                    yield f"a variant's {member} is a function; allowed are literal members"
            if _is_fleet(variant):
                continue
            name = variant.get("ModelName") if isinstance(variant, dict) else None
            if _referred(name, "ModelName", resources) != MODEL:
                yield f"a variant's ModelName is {json.dumps(name)}; allowed is one of the template"


def _is_literal(value: Any) -> bool:
    return isinstance(value, dict) and not any(
        name == "Ref" or name.startswith("Fn::") for name in value
    )


def _is_fleet(variant: Any) -> bool:
    """Returns True for a variant that serves the components of the template only."""
    return isinstance(variant, dict) and (
        "ManagedInstanceScaling" in variant and "ModelName" not in variant
    )


def _of_component(
    properties: Mapping[str, Any], resources: Mapping[str, Any], endpoint: str
) -> Iterator[str]:
    for unknown in sorted(set(properties) - COMPONENT_PROPERTIES):
        yield f"{unknown}; allowed are {', '.join(sorted(COMPONENT_PROPERTIES))}"
    name = properties.get("InferenceComponentName")
    if not _is_named(name, endpoint):
        yield (
            f"InferenceComponentName is {json.dumps(name)}; allowed are {endpoint} and "
            f"{endpoint}-NAME"
        )
    host = properties.get("EndpointName")
    if _referred(host, "EndpointName", resources) != ENDPOINT:
        yield f"EndpointName is {json.dumps(host)}; allowed is one of the template"
    content = properties.get("Specification")
    if not isinstance(content, dict) or not set(content) <= SPECIFICATION:
        got = ", ".join(sorted(content)) if isinstance(content, dict) else repr(content)
        yield f"Specification has {got}; allowed are {', '.join(sorted(SPECIFICATION))}"
        return
    model = content.get("ModelName")
    if _referred(model, "ModelName", resources) != MODEL:
        yield f"the ModelName is {json.dumps(model)}; allowed is one of the template"


def _is_named(name: Any, endpoint: str) -> bool:
    return isinstance(name, str) and (name == endpoint or name.startswith(f"{endpoint}-"))


def _of_endpoint(
    properties: Mapping[str, Any], resources: Mapping[str, Any], endpoint: str
) -> Iterator[str]:
    name, config = properties.get("EndpointName"), properties.get("EndpointConfigName")
    if not _is_named(name, endpoint):
        yield f"EndpointName is {json.dumps(name)}; allowed are {endpoint} and {endpoint}-NAME"
    if _referred(config, "EndpointConfigName", resources) != CONFIG:
        yield f"EndpointConfigName is {json.dumps(config)}; allowed is one of the template"


def _referred(value: Any, attribute: str, resources: Mapping[str, Any]) -> str | None:
    """Returns the type of the resource that a reference points to; None for other values."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    logical_id: Any = value.get("Ref")
    if "Fn::GetAtt" in value:
        given = value["Fn::GetAtt"]
        parts = given.split(".", 1) if isinstance(given, str) else given
        logical_id = parts[0] if isinstance(parts, list) and parts[1:] == [attribute] else None
    resource = resources.get(logical_id) if isinstance(logical_id, str) else None
    return resource.get("Type") if isinstance(resource, dict) else None


def packages_of(template: Template) -> set[str]:
    """Returns the ARNs of the packages that a valid template deploys."""
    return {
        resource["Properties"]["PrimaryContainer"]["ModelPackageName"]
        for resource in template["Resources"].values()
        if resource["Type"] == MODEL
    }


def approved(aws: Aws, arn: str) -> dict[str, Any]:
    """Returns the description of a package.

    Raises:
        RejectedError: if the package is not approved.
    """
    package: dict[str, Any] = aws(
        "sagemaker", "describe-model-package", "--model-package-name", arn
    )
    status = package.get("ModelApprovalStatus")
    if status != "Approved":
        raise RejectedError(f"{short(arn)} is {status}; a reviewer must approve it first")
    return package


def metrics_of(aws: Aws, package: Mapping[str, Any], bucket: str) -> str:
    """Returns up to four metrics from the report of the package, such as `auc 0.93`."""
    quality = package.get("ModelMetrics", {}).get("ModelQuality", {})
    uri = quality.get("Statistics", {}).get("S3Uri", "")
    if not uri.startswith(f"s3://{bucket}/runs/"):
        return "none in the package"
    try:
        report = json.loads(aws("s3", "cp", uri, "-", as_text=True))
    except (RejectedError, ValueError):
        return "not readable"
    found = [f"{name} {value:.4g}" for name, value in _values(report)]
    return ", ".join(found[:4]) or "none in the report"


def _values(report: Any) -> Iterator[tuple[str, float]]:
    if isinstance(report, dict):
        for name, entry in report.items():
            value = entry.get("value") if isinstance(entry, dict) else None
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield name, value
            else:
                yield from _values(entry)


def changes_of(aws: Aws, stack: str, template: Template, *, copied: bool = False) -> str:
    """Returns the changes that a deployment makes to a stack, in one line.

    Args:
        aws: the AWS CLI in the account and region of the stack.
        stack: name of the stack.
        template: the new template.
        copied: True for a stage whose deployed template names copies, and keeps what the team's
            code has synthesised. Defaults to False.
    """
    try:
        body = aws("cloudformation", "get-template", "--stack-name", stack)["TemplateBody"]
    except RejectedError as error:
        if "does not exist" not in str(error):
            raise
        return "creates the endpoint"
    deployed = json.loads(body) if isinstance(body, str) else body
    before, after = deployed.get("Resources", {}), template["Resources"]
    if copied:
        before = {name: _synthesized(resource) for name, resource in before.items()}
    models = {short(one) for one in _named_packages({"Resources": before})}
    parts = [f"model was {', '.join(sorted(models))}"] if models else []
    for word, names in (
        ("adds", set(after) - set(before)),
        ("removes", set(before) - set(after)),
        ("changes", {name for name in set(after) & set(before) if after[name] != before[name]}),
    ):
        if names:
            kinds = sorted({(after | before)[name]["Type"].rpartition("::")[2] for name in names})
            parts.append(f"{word} {', '.join(kinds)}")
    return "; ".join(parts) if len(parts) > 1 else "nothing"


def _synthesized(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a resource as it was before name_copies.py named copies in it."""
    metadata = dict(resource.get("Metadata", {}))
    if "Synthesized" not in metadata:
        return dict(resource)
    found = {**resource, "Properties": metadata.pop("Synthesized"), "Metadata": metadata}
    return found if metadata else {key: one for key, one in found.items() if key != "Metadata"}


def _named_packages(template: Mapping[str, Any]) -> Iterator[str]:
    for resource in template.get("Resources", {}).values():
        container = resource.get("Properties", {}).get("PrimaryContainer", {})
        name = container.get("ModelPackageName") if isinstance(container, dict) else None
        if isinstance(name, str):
            yield name


def short(arn: str) -> str:
    """Returns the name and version in a package's ARN, such as `churn/7`."""
    return arn.partition(":model-package/")[2]


def shown(text: str, max_length: int) -> str:
    """Returns a text as a pipeline variable: plain characters, one line, truncated."""
    plain = re.sub(r"[^A-Za-z0-9 .,;:=/_+()-]", "?", text)
    return plain if len(plain) <= max_length else f"{plain[: max_length - 3]}..."


def call_aws(
    *arguments: str, as_text: bool = False, variables: Mapping[str, str] | None = None
) -> Any:
    """Returns the output of an AWS CLI command; it runs outside of the team's files.

    Raises:
        RejectedError: if the command fails.
    """
    options = [] if as_text else ["--output", "json"]
    done = subprocess.run(
        ["aws", *arguments, *options],
        cwd="/",
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RejectedError(f"aws {' '.join(arguments[:2])}: {done.stderr.strip()}")
    return done.stdout if as_text else json.loads(done.stdout)


def in_account_of(aws: Aws, role_arn: str, region: str | None = None) -> Aws:
    """Returns the AWS CLI with the credentials of a role, in a region."""
    keys = aws(
        "sts", "assume-role", "--role-arn", role_arn, "--role-session-name", "template-check"
    )["Credentials"]
    names = {
        "AWS_ACCESS_KEY_ID": "AccessKeyId",
        "AWS_SECRET_ACCESS_KEY": "SecretAccessKey",
        "AWS_SESSION_TOKEN": "SessionToken",
    }
    place = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region} if region else {}
    found = {variable: keys[name] for variable, name in names.items()}
    return partial(aws, variables={**found, **place})


def check(
    source: Path, environment: Mapping[str, str], aws: Aws
) -> tuple[dict[str, Template], dict[str, str]]:
    """Returns the templates to pass on, and the variables for the approval.

    Raises:
        RejectedError: if a template is rejected.
    """
    stages = environment["STAGES"].split()
    project, prefix = environment["SAGEMAKER_PROJECT_NAME"], environment["MODEL_PACKAGE_PREFIX"]
    templates = read_templates(source, stages)
    problems = [
        f"{stage}: {problem}"
        for stage, template in templates.items()
        for problem in problems_of(
            template,
            endpoint=f"{project}-{stage}",
            packages=prefix,
            kinds=environment[f"{stage.upper().replace('-', '_')}_KINDS"].split(),
            parameters=environment.get(f"{stage.upper().replace('-', '_')}_PARAMETERS", "").split(),
        )
    ]
    if problems:
        raise RejectedError("\n".join(problems))
    deployed = {stage: packages_of(template) for stage, template in templates.items()}
    for stage in stages[1:]:
        untested = deployed.get(stage, set()) - deployed.get(stages[0], set())
        if untested:
            names = ", ".join(sorted(map(short, untested)))
            raise RejectedError(f"{stage} deploys {names}, which {stages[0]} does not deploy first")
    packages = {arn: approved(aws, arn) for arn in sorted(set().union(*deployed.values()))}
    last = stages[-1]
    variables = {
        "MODEL_PACKAGE": ", ".join(map(short, packages)) or "none",
        "TRAINED_BY": ", ".join(
            package.get("CustomerMetadataProperties", {}).get("commit", "unknown")
            for package in packages.values()
        )
        or "none",
        "METRICS": "; ".join(
            metrics_of(aws, package, environment["ARTIFACT_BUCKET"])
            for package in packages.values()
        )
        or "none",
        "CHANGES": "no model is approved yet",
    }
    if templates:
        role_arn = environment.get("LAST_STAGE_ROLE_ARN")
        region = environment.get("LAST_STAGE_REGION")
        reader = in_account_of(aws, role_arn, region) if role_arn else aws
        variables["CHANGES"] = changes_of(
            reader,
            f"{project}-{last}",
            templates[last],
            copied=last in environment.get("COPIED_STAGES", "").split(),
        )
    return templates, {name: shown(value, 200) for name, value in variables.items()}


def log_url(build_arn: str) -> str:
    """Returns the console page with the log of a build."""
    _, partition, _, region, account, build = build_arn.split(":", 5)
    build = build.removeprefix("build/")
    host = CONSOLES.get(partition, "console.aws.amazon.com")
    name = build.partition(":")[0]
    return (
        f"https://{region}.{host}/codesuite/codebuild/{account}/projects/{name}/build/"
        f"{build.replace(':', '%3A')}/?region={region}"
    )


def say(*lines: str) -> None:
    """Writes a line, and indented lines that belong to it, to the build's log."""
    sys.stdout.write("\n  ".join(lines) + "\n")


def main(arguments: list[str], environment: Mapping[str, str], aws: Aws = call_aws) -> int:
    """Checks the templates and writes the results; returns the exit status."""
    source, output, script = (Path(one) for one in arguments)
    try:
        templates, variables = check(source, environment, aws)
    except RejectedError as error:
        say("REJECTED: nothing is deployed.", *str(error).splitlines())
        return 1
    variables["CHECK_URL"] = log_url(environment["CODEBUILD_BUILD_ARN"])
    if output.is_symlink() or output.is_file():
        output.unlink()
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    for stage, template in templates.items():
        (output / f"{stage}.template.json").write_text(json.dumps(template, indent=1))
    (output / "results.json").write_text(json.dumps(variables, indent=1))
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
    script.write_text("".join(lines))
    say(
        f"PASSED for commit {shown(environment.get('COMMIT_ID', 'unknown'), 80)}.",
        *(f"{name.lower().replace('_', ' ')}: {value}" for name, value in variables.items()),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
