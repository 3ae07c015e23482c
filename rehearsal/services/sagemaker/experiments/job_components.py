"""Trial components that SageMaker creates for processing, training and transform jobs.

Source: "Amazon SageMaker AI-Created Tracking Entities" in the developer guide, and ExperimentConfig
in the API reference.
"""

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.experiments.experiments import Experiments
from rehearsal.services.sagemaker.experiments.membership import COMPONENT, Membership
from rehearsal.services.sagemaker.experiments.metric_store import MetricStore, Point
from rehearsal.services.sagemaker.experiments.trial_components import KIND
from rehearsal.services.sagemaker.experiments.trials import Trials
from rehearsal.services.sagemaker.jobs.jobs import JobKind
from rehearsal.services.sagemaker.names import lineage_group_arn
from rehearsal.services.sagemaker.records import Record, now

_CONFIG = "ExperimentConfig"
_MAX_NAME = 120
TRACKED = ("TrainingJob", "ProcessingJob", "TransformJob")


class JobComponents:
    """Follows jobs and keeps a trial component of each.

    Args:
        backend: the backend of SageMaker.
        experiments: the experiments.
        trials: the trials.
        membership: the trial components of trials.
        metrics: the metrics of trial components.
    """

    def __init__(
        self,
        backend: Backend,
        experiments: Experiments,
        trials: Trials,
        membership: Membership,
        metrics: MetricStore,
    ) -> None:
        self._backend = backend
        self._experiments = experiments
        self._trials = trials
        self._membership = membership
        self._metrics = metrics

    def check(self, kind: JobKind, request: Mapping[str, Any], context: Context) -> None:
        """Checks the ExperimentConfig of a job that is about to be created.

        Raises:
            AwsError: ResourceNotFound, for an experiment or trial that does not exist;
                ValidationException, for a trial of another experiment.
        """
        config = request.get(_CONFIG) or {}
        operation = f"Create{kind.noun}"
        experiment, trial = config.get("ExperimentName"), config.get("TrialName")
        if experiment:
            self._experiments.find(context.scope, experiment, operation)
        if trial:
            owner = self._trials.find(context.scope, trial, operation)["ExperimentName"]
            if experiment not in (None, owner):
                message = f"Trial '{trial}' belongs to experiment '{owner}', not '{experiment}'."
                raise AwsError("ValidationException", message)

    def added(self, kind: JobKind, scope: Scope, record: Record) -> None:
        """Creates the component of a new job, and associates it with the job's trial."""
        if kind.noun not in TRACKED:
            return
        config = record.get(_CONFIG) or {}
        name = component_name(kind, record)
        moment = now()
        source = {
            "SourceArn": record[kind.arn_member],
            "SourceType": f"SageMaker{kind.noun}",
        }
        component: Record = {
            "TrialComponentName": name,
            "TrialComponentArn": KIND.arn_of(scope, name),
            "DisplayName": config.get("TrialComponentDisplayName", name),
            "Source": source,
            "TrialComponentSource": source,
            "LineageGroupArn": lineage_group_arn(scope),
            "CreationTime": moment,
            "LastModifiedTime": moment,
            **self._shown(kind, scope, record),
        }
        if "RunName" in config:
            component["RunName"] = config["RunName"]
        with self._backend.lock:
            components = self._backend.records.of(scope, COMPONENT)
            components[name] = component
            run = components.get(config.get("RunName", ""))
            if run is not None:
                # "A list of ARNs [...] for multiple sources of an experiment run."
                run["Sources"] = [*run.get("Sources", ()), source]
            self._backend.tags.put(component["TrialComponentArn"], ())
        self._metrics.open(scope, name, component["TrialComponentArn"])
        trial = self._trial_of(scope, config, record[kind.name_member])
        if trial is not None:
            self._membership.associate(trial, component)

    def changed(
        self, kind: JobKind, scope: Scope, record: Record, changes: Mapping[str, Any]
    ) -> None:
        """Brings the component of a job up to date, unless it was deleted."""
        if kind.noun not in TRACKED:
            return
        name = component_name(kind, record)
        with self._backend.lock:
            component = self._backend.records.of(scope, COMPONENT).get(name)
            if component is None:
                return
            component.update(self._shown(kind, scope, record), LastModifiedTime=now())
        arn = component["TrialComponentArn"]
        for metric in changes.get("FinalMetricDataList", ()):
            known = self._metrics.points(scope, arn, metric["MetricName"]) or []
            point = Point(metric["Timestamp"], float(metric["Value"]))
            if not known or known[-1].moment < point.moment:
                self._metrics.put(scope, name, metric["MetricName"], [point])

    def _trial_of(self, scope: Scope, config: Mapping[str, Any], job: str) -> Record | None:
        """Returns the trial of a job; an experiment without a trial gets a new one."""
        if "TrialName" in config:
            return self._backend.records.of(scope, self._trials.kind.path).get(config["TrialName"])
        if "ExperimentName" in config:
            name = f"{job[: _MAX_NAME - len('-aws-trial')]}-aws-trial"
            return self._trials.create_for(scope, name, config["ExperimentName"])
        return None

    def _shown(self, kind: JobKind, scope: Scope, record: Record) -> dict[str, Any]:
        """Returns the members of a component that follow from its job."""
        with self._backend.lock:
            job = dict(record)
            model = self._backend.records.of(scope, "model").get(job.get("ModelName", ""))
        tracked = _TRACKED[kind.noun](job)
        if model is not None:
            tracked["Parameters"] |= _model_parameters(job["ModelName"], model)
        status = job[kind.status]
        reason = job.get("FailureReason", "null")
        exit_message = (
            ""
            if kind.noun == "TransformJob"
            else f"exit message: {job.get('ExitMessage', 'null')}, "
        )
        message = f"Status: {status}, {exit_message}failure reason: {reason}"
        shown = {**tracked, "Status": {"PrimaryStatus": status, "Message": message[:1024]}}
        for member in ("StartTime", "EndTime"):
            if f"{kind.prefix}{member}" in job:
                shown[member] = job[f"{kind.prefix}{member}"]
        return shown


def component_name(kind: JobKind, record: Record) -> str:
    """Returns the name of a job's component, such as `NAME-aws-training-job`."""
    return f"{record[kind.name_member]}-aws-{kind.path}"


def _value(given: Any) -> dict[str, Any]:
    """Returns a parameter: a number, if its text is one."""
    text = str(given)
    with contextlib.suppress(ValueError):
        if math.isfinite(number := float(text)):
            return {"NumberValue": number}
    return {"StringValue": text[:2500]}


def _cluster(config: Mapping[str, Any]) -> dict[str, Any]:
    members = ("InstanceType", "InstanceCount", "VolumeSizeInGB")
    return {f"SageMaker.{name}": _value(config[name]) for name in members if name in config}


def _artifacts(given: Iterator[tuple[str, str | None, str | None]]) -> dict[str, Any]:
    """Returns artifacts of names, URIs and media types."""
    return {
        name: {"Value": uri, **({"MediaType": media} if media else {})}
        for name, uri, media in given
        if uri
    }


def _training(job: Mapping[str, Any]) -> dict[str, Any]:
    image = job["AlgorithmSpecification"].get("TrainingImage")
    parameters = {name: _value(value) for name, value in job.get("HyperParameters", {}).items()}
    if image:
        parameters["SageMaker.ImageUri"] = {"StringValue": image}
    outputs: list[tuple[str, str | None, str | None]] = [
        ("SageMaker.DebugHookOutput", job.get("DebugHookConfig", {}).get("S3OutputPath"), None)
    ]
    if job["TrainingJobStatus"] in ("Completed", "Stopped"):
        model = job.get("ModelArtifacts", {}).get("S3ModelArtifacts")
        outputs.append(("SageMaker.ModelArtifact", model, None))
    return {
        "Parameters": parameters | _cluster(job.get("ResourceConfig", {})),
        "InputArtifacts": _artifacts(
            (channel["ChannelName"], data_of(channel), channel.get("ContentType"))
            for channel in job.get("InputDataConfig", ())
        ),
        "OutputArtifacts": _artifacts(iter(outputs)),
    }


def _processing(job: Mapping[str, Any]) -> dict[str, Any]:
    inputs = [("SageMaker.ImageUri", job["AppSpecification"]["ImageUri"], None)]
    inputs += [
        (one["InputName"], one.get("S3Input", {}).get("S3Uri"), None)
        for one in job.get("ProcessingInputs", ())
    ]
    return {
        "Parameters": _cluster(job["ProcessingResources"]["ClusterConfig"]),
        "InputArtifacts": _artifacts(iter(inputs)),
        "OutputArtifacts": _artifacts(
            (one["OutputName"], one.get("S3Output", {}).get("S3Uri"), None)
            for one in job.get("ProcessingOutputConfig", {}).get("Outputs", ())
        ),
    }


def _transform(job: Mapping[str, Any]) -> dict[str, Any]:
    given, output = job["TransformInput"], job["TransformOutput"]
    source = ("SageMaker.TransformInput", data_of(given), given.get("ContentType"))
    target = ("SageMaker.TransformOutput", output["S3OutputPath"], output.get("Accept"))
    return {
        "Parameters": _cluster(job["TransformResources"]),
        "InputArtifacts": _artifacts(iter([source])),
        "OutputArtifacts": _artifacts(iter([target])),
    }


def data_of(given: Mapping[str, Any]) -> str | None:
    """Returns the S3 URI of a channel of a training job or of the input of a transform job."""
    uri: str | None = given.get("DataSource", {}).get("S3DataSource", {}).get("S3Uri")
    return uri


def _model_parameters(name: str, model: Record) -> dict[str, Any]:
    primary = model.get("PrimaryContainer") or model["Containers"][0]
    members = {
        "SageMaker.ModelName": name,
        "SageMaker.ModelPrimary.Image": primary.get("Image"),
        "SageMaker.ModelPrimary.DataUrl": primary.get("ModelDataUrl"),
    }
    return {name: {"StringValue": value} for name, value in members.items() if value}


_TRACKED = {"TrainingJob": _training, "ProcessingJob": _processing, "TransformJob": _transform}
