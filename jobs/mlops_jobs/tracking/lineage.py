"""The lineage of an endpoint: from the models that it serves to their data, commit and MLflow run.

    python -m mlops_jobs.tracking.lineage ENDPOINT [--json]

It reads SageMaker's API with the credentials of the shell and changes nothing: Describe and List
operations are enough, such as those of the persona `read_only`. What may not be read, or was
deleted, is named as such.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mlops_jobs import aws
from mlops_jobs.failure import InputError

_FACTS = ("target", "problem_type", "champion", "baseline")
_SOURCES = ("commit", "data")


@dataclass(frozen=True, kw_only=True)
class Node:
    """A resource, and those that it was made from.

    Args:
        kind: kind of the resource, such as `endpoint` or `commit`.
        name: its name, ARN or value.
        facts: further values by their name. Defaults to none.
        made_from: the resources that it was made from. Defaults to none.
        problem: why it could not be read. Defaults to "": it was.
    """

    kind: str
    name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    made_from: Sequence["Node"] = ()
    problem: str = ""


class Lineage:
    """Reads lineages.

    Args:
        sagemaker: boto3 client of SageMaker.
    """

    def __init__(self, sagemaker: Any) -> None:
        self._sagemaker = sagemaker

    def of_endpoint(self, name: str) -> Node:
        """Returns the lineage of an endpoint.

        Args:
            name: name of the endpoint.

        Raises:
            InputError: there is no such endpoint, or it may not be read.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            endpoint = self._sagemaker.describe_endpoint(EndpointName=name)
        except (BotoCoreError, ClientError) as error:
            raise InputError(
                f"endpoint {name}: got {_reason(error)}; check the name, the Region and the "
                "credentials"
            ) from error
        config = self._read("endpoint config", endpoint["EndpointConfigName"], self._config)
        components = self._components(name)
        return Node(
            kind="endpoint",
            name=name,
            facts={"status": endpoint["EndpointStatus"]},
            made_from=[config, *components],
        )

    def _read(self, kind: str, name: str, make: Any, **known: Any) -> Node:
        """Returns the node that a function makes, or one with the reason why it cannot be read."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            made: Node = make(name, **known)
        except (BotoCoreError, ClientError) as error:
            return Node(kind=kind, name=name, problem=_reason(error))
        return made

    def _config(self, name: str) -> Node:
        config = self._sagemaker.describe_endpoint_config(EndpointConfigName=name)
        variants = [
            Node(
                kind=kind,
                name=variant["VariantName"],
                made_from=[self._read("model", variant["ModelName"], self._model)],
            )
            for member, kind in (
                ("ProductionVariants", "variant"),
                ("ShadowProductionVariants", "shadow variant"),
            )
            for variant in config.get(member, ())
            if variant.get("ModelName")
        ]
        return Node(kind="endpoint config", name=name, made_from=variants)

    def _components(self, endpoint: str) -> list[Node]:
        from botocore.exceptions import BotoCoreError, ClientError

        pages = self._sagemaker.get_paginator("list_inference_components").paginate(
            EndpointNameEquals=endpoint
        )
        try:
            names = [
                one["InferenceComponentName"]
                for page in pages
                for one in page["InferenceComponents"]
            ]
        except (BotoCoreError, ClientError) as error:
            return [Node(kind="inference components", name=endpoint, problem=_reason(error))]
        return [self._read("inference component", name, self._component) for name in names]

    def _component(self, name: str) -> Node:
        found = self._sagemaker.describe_inference_component(InferenceComponentName=name)
        model = found.get("Specification", {}).get("ModelName")
        made_from = [self._read("model", model, self._model)] if model else []
        return Node(kind="inference component", name=name, made_from=made_from)

    def _model(self, name: str) -> Node:
        model = self._sagemaker.describe_model(ModelName=name)
        containers = model.get("Containers") or [model.get("PrimaryContainer", {})]
        packages = [one["ModelPackageName"] for one in containers if "ModelPackageName" in one]
        made_from = [self._read("model package", arn, self._package) for arn in packages]
        if not made_from:
            data = [one["ModelDataUrl"] for one in containers if "ModelDataUrl" in one]
            made_from = [Node(kind="model data", name=uri) for uri in data]
        return Node(kind="model", name=name, made_from=made_from)

    def _package(self, arn: str) -> Node:
        package = self._sagemaker.describe_model_package(ModelPackageName=arn)
        metadata = package.get("CustomerMetadataProperties", {})
        execution = package.get("MetadataProperties", {}).get("GeneratedBy", "")
        containers = package.get("InferenceSpecification", {}).get("Containers", ())
        data = [one["ModelDataUrl"] for one in containers if "ModelDataUrl" in one]
        made_from = [
            Node(kind=kind, name=metadata[kind]) for kind in _SOURCES if metadata.get(kind)
        ]
        if metadata.get("mlflow_run"):
            facts = {"app": metadata.get("mlflow_app", "")}
            made_from.append(Node(kind="MLflow run", name=metadata["mlflow_run"], facts=facts))
        if ":pipeline/" in execution:
            made_from.insert(
                0, self._read("pipeline execution", execution, self._execution, model_data=data)
            )
        return Node(
            kind="model package",
            name=arn,
            facts={
                "approval": package.get("ModelApprovalStatus", ""),
                **{name: metadata[name] for name in _FACTS if metadata.get(name)},
            },
            made_from=made_from,
        )

    def _execution(self, arn: str, model_data: Sequence[str]) -> Node:
        execution = self._sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        pages = self._sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
            PipelineExecutionArn=arn
        )
        steps = [step for page in pages for step in page["PipelineExecutionSteps"]]
        jobs = [
            self._read("training job", name, self._training_job)
            for name in self._training_jobs(steps, model_data)
        ]
        facts = {"status": execution.get("PipelineExecutionStatus", "")}
        return Node(kind="pipeline execution", name=arn, facts=facts, made_from=jobs)

    def _training_jobs(
        self, steps: Sequence[Mapping[str, Any]], model_data: Sequence[str]
    ) -> Iterator[str]:
        """Yields the names of the jobs that wrote the model, among those of an execution.

        SageMaker writes the model of a job to a folder with the job's name.
        """
        folders = {part for uri in model_data for part in uri.split("/")}
        for step in steps:
            metadata = step.get("Metadata", {})
            if "TrainingJob" in metadata:
                name = _name(metadata["TrainingJob"]["Arn"])
                if name in folders or not folders:
                    yield name
            if "TuningJob" in metadata:
                tuning = self._sagemaker.describe_hyper_parameter_tuning_job(
                    HyperParameterTuningJobName=_name(metadata["TuningJob"]["Arn"])
                )
                best = tuning.get("BestTrainingJob", {}).get("TrainingJobName")
                if best and (best in folders or not folders):
                    yield best

    def _training_job(self, name: str) -> Node:
        job = self._sagemaker.describe_training_job(TrainingJobName=name)
        metrics = {
            one["MetricName"]: f"{one['Value']:.5g}" for one in job.get("FinalMetricDataList", ())
        }
        channels = [
            Node(kind="channel", name=channel["ChannelName"], facts={"uri": source["S3Uri"]})
            for channel in job.get("InputDataConfig", ())
            if (source := channel.get("DataSource", {}).get("S3DataSource"))
        ]
        image = job.get("AlgorithmSpecification", {}).get("TrainingImage", "")
        return Node(
            kind="training job", name=name, facts={**metrics, "image": image}, made_from=channels
        )


def lines_of(node: Node, depth: int = 0) -> Iterator[str]:
    """Yields a lineage as lines of text, each resource below the one that was made from it.

    Args:
        node: the lineage.
        depth: indentation of the first line, in steps of two spaces. Defaults to 0.
    """
    facts = ", ".join(f"{name} {value}" for name, value in node.facts.items() if value)
    ending = (
        f"  (not readable: {node.problem})" if node.problem else f"  ({facts})" if facts else ""
    )
    yield f"{'  ' * depth}{node.kind} {node.name}{ending}"
    for one in node.made_from:
        yield from lines_of(one, depth + 1)


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _reason(error: Exception) -> str:
    response = getattr(error, "response", {}).get("Error", {})
    return f"{response['Code']}: {response.get('Message', '')}" if response else str(error)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the lineage of an endpoint.

    Args:
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    parser = argparse.ArgumentParser(
        prog="lineage", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("endpoint", metavar="ENDPOINT", help="name of the endpoint")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    try:
        found = Lineage(aws.client("sagemaker")).of_endpoint(options.endpoint)
    except InputError as error:
        sys.exit(f"error: {error}")
    if options.json:
        print(json.dumps(asdict(found), indent=1))
        return
    print("\n".join(lines_of(found)))


if __name__ == "__main__":
    main()
