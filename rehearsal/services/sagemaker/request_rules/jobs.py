"""Rules of training, processing and transform jobs."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import regex  # type: ignore[import-untyped]

from rehearsal.framework.rules.kinds import (
    any_of,
    bounded,
    choice,
    exactly_one,
    exclusive,
    forbids,
    matching,
    requires,
    rule,
    unique,
)
from rehearsal.framework.rules.rule import Call, Example
from rehearsal.services.sagemaker.request_rules.endpoint_configs import (
    has_data_source,
    multi_model,
)

_TRAIN = "CreateTrainingJob"
_TUNE = "CreateHyperParameterTuningJob"
_PROCESS = "CreateProcessingJob"
_TRANSFORM = "CreateTransformJob"
_MONITORS = tuple(
    f"Create{kind}JobDefinition"
    for kind in ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")
)
_MONITORED = "DataQualityJobInput.EndpointInput"
_DEFAULT_RUNTIME = 86400
_WARM_POOLS = '"Train Using SageMaker AI Managed Warm Pools" in the Developer Guide'
# Instance types whose storage is NVMe on the instance. Source: "Instance store volumes" in the EC2
# user guide, which the members VolumeKmsKeyId refer to.
_LOCAL_STORAGE = regex.compile(
    r"ml\.(\w+d|\w+dn|g4dn|g5|g6|g6e|gr6|p3dn|p4d|p4de|p5|p5e|p5en|trn1|trn1n|trn2|i3|i3en)\.\w+"
)
_JOB = {
    "AlgorithmSpecification.TrainingImage": "111111111111.dkr.ecr.us-east-1.amazonaws.com/churn:1",
    "AlgorithmSpecification.TrainingInputMode": "File",
    "OutputDataConfig.S3OutputPath": "s3://bucket/models",
    "ResourceConfig.InstanceType": "ml.m5.large",
    "ResourceConfig.InstanceCount": 1,
    "ResourceConfig.VolumeSizeInGB": 10,
}
_SPOT = {**_JOB, "EnableManagedSpotTraining": True}
_TUNED = {
    "HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.MetricName": "auc",
    **{f"TrainingJobDefinition.{name}": value for name, value in _JOB.items()},
    "TrainingJobDefinition.AlgorithmSpecification.MetricDefinitions[0].Name": "auc",
    "TrainingJobDefinition.AlgorithmSpecification.MetricDefinitions[0].Regex": "auc=(.*)",
}
_CLUSTER = "ProcessingResources.ClusterConfig"
_PROCESSED = {
    f"{_CLUSTER}.InstanceType": "ml.m5.large",
    f"{_CLUSTER}.InstanceCount": 1,
    "AppSpecification.ImageUri": "111111111111.dkr.ecr.us-east-1.amazonaws.com/churn:1",
}
_KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


def _definition(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {f"TrainingJobDefinition.{name}": value for name, value in changes.items()}


def _input(index: int = 0, **changes: Any) -> dict[str, Any]:
    s3 = {
        "S3Uri": "s3://bucket/data",
        "LocalPath": f"/opt/ml/processing/input{index}",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        **changes,
    }
    place = f"ProcessingInputs[{index}]"
    return {
        f"{place}.InputName": f"data{index}",
        **{f"{place}.S3Input.{name}": value for name, value in s3.items()},
    }


def _output(index: int = 0, **changes: Any) -> dict[str, Any]:
    s3 = {
        "S3Uri": "s3://bucket/out",
        "LocalPath": f"/opt/ml/processing/output{index}",
        "S3UploadMode": "EndOfJob",
        **changes,
    }
    place = f"ProcessingOutputConfig.Outputs[{index}]"
    return {
        f"{place}.OutputName": f"result{index}",
        **{f"{place}.S3Output.{name}": value for name, value in s3.items()},
    }


def _spot_wait(at: str) -> Any:
    def check(call: Call) -> Iterator[str]:
        for _, job in call.values(at):
            condition = job.get("StoppingCondition") or {}
            running = condition.get("MaxRuntimeInSeconds") or _DEFAULT_RUNTIME
            waiting = condition.get("MaxWaitTimeInSeconds")
            if job.get("EnableManagedSpotTraining") and (not waiting or waiting < running):
                yield (
                    "Invalid MaxWaitTimeInSeconds: managed spot training needs it and it must not "
                    f"be less than MaxRuntimeInSeconds; got {waiting} with {running}."
                )

    return check


def _wait_without_spot(at: str) -> Any:
    def check(call: Call) -> Iterator[str]:
        for _, job in call.values(at):
            waiting = (job.get("StoppingCondition") or {}).get("MaxWaitTimeInSeconds")
            if waiting and not job.get("EnableManagedSpotTraining"):
                yield (
                    "MaxWaitTimeInSeconds is only for managed spot training: set "
                    "EnableManagedSpotTraining or remove it."
                )

    return check


def _regexes(call: Call) -> Iterator[str]:
    own = call.values("AlgorithmSpecification")
    tuned = call.values("TrainingJobDefinition.AlgorithmSpecification")
    for place, text in (*own, *tuned):
        for index, metric in enumerate(text.get("MetricDefinitions") or ()):
            try:
                regex.compile(metric.get("Regex", ""))
            except regex.error as error:
                yield (
                    f"{place}.MetricDefinitions[{index}].Regex is not a regular expression: "
                    f"{metric['Regex']!r} ({error})."
                )


def _encrypted_local_storage(path: str) -> Any:
    def check(call: Call) -> Iterator[str]:
        for place, cluster in call.values(path):
            kind = cluster.get("InstanceType") or ""
            if cluster.get("VolumeKmsKeyId") and _LOCAL_STORAGE.fullmatch(kind):
                yield (
                    f"{place}.VolumeKmsKeyId cannot be requested for {kind}, which has local "
                    "storage: its hardware encrypts it. Remove the key or choose a type with EBS."
                )

    return check


def _volume_key(name: str, operation: str | tuple[str, ...], path: str, shape: str) -> Any:
    place = path.replace("[]", "[0]")
    key, kind = f"{place}.VolumeKmsKeyId", f"{place}.InstanceType"
    watched = {f"{_MONITORED}.EndpointName": "live", f"{_MONITORED}.LocalPath": "/opt/ml/input"}
    bases: dict[Any, dict[str, Any]] = {
        _TRAIN: _JOB,
        _TUNE: _TUNED,
        _PROCESS: _PROCESSED,
        _MONITORS: watched,
    }
    base = bases.get(operation, {})
    return rule(
        name,
        operation,
        f"{path}.VolumeKmsKeyId is not supported for instance types with local storage.",
        _encrypted_local_storage(path),
        source=f"{shape}, VolumeKmsKeyId",
        fails={**base, key: _KEY, kind: "ml.g5.xlarge"},
        passes={**base, key: _KEY, kind: "ml.m5.xlarge"},
    )


def _names(call: Call) -> Iterator[str]:
    names = [name for _, name in call.values("ProcessingInputs[].InputName")]
    names += [name for _, name in call.values("ProcessingOutputConfig.Outputs[].OutputName")]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        yield f"Input and Output names must be globally unique: [{', '.join(repeated)}]"


def _local_paths(call: Call) -> Iterator[str]:
    paths = [path for _, path in call.values("ProcessingInputs[].S3Input.LocalPath")]
    paths += [
        path for _, path in call.values("ProcessingOutputConfig.Outputs[].S3Output.LocalPath")
    ]
    bare = [path.rstrip("/") for path in paths]
    if repeated := sorted({path for path in bare if bare.count(path) > 1}):
        yield (
            "LocalPath must be unique among the inputs and outputs of a processing job; got "
            f"{', '.join(repeated)} more than once."
        )


def _managed_paths(call: Call) -> Iterator[str]:
    for place, given in call.values("ProcessingInputs[]"):
        source = given.get("S3Input")
        if source and not given.get("AppManaged") and not source.get("LocalPath"):
            yield f"{place}.S3Input.LocalPath is required because AppManaged is False."


def _payload(call: Call) -> Iterator[str]:
    size, parallel = call.get("MaxPayloadInMB"), call.get("MaxConcurrentTransforms")
    if size and parallel and size * parallel > 100:
        yield (
            f"MaxConcurrentTransforms * MaxPayloadInMB must not exceed 100 MB; got {parallel} * "
            f"{size}."
        )


def _transform_without(what: str, excluded: Callable[[Mapping[str, Any]], bool]) -> Any:
    def check(call: Call) -> Iterator[str]:
        name = call.get("ModelName")
        model = call.read("DescribeModel", {"ModelName": name})
        if model and excluded(model):
            yield f"Model {name} has {what}, which batch transform does not support."

    return check


def _preferences(call: Call) -> Iterator[str]:
    for place, cluster in (*call.values("ResourceConfig"), *call.values(_CLUSTER)):
        preferred = cluster.get("InstancePreferences") or ()
        counted = [one for one in preferred if one.get("InstanceCount")]
        whole = bool(cluster.get("InstanceCount"))
        if preferred and len(counted) != (0 if whole else len(preferred)):
            yield (
                f"{place}: InstanceCount must be set for all InstancePreferences, or for none "
                f"and in {place.rpartition('.')[2]}."
            )


def _file_system(index: int) -> dict[str, Any]:
    source = f"InputDataConfig[{index}].DataSource.FileSystemDataSource"
    return {
        f"{source}.FileSystemId": "fs-0123456789abcdef0",
        f"{source}.FileSystemAccessMode": "ro",
        f"{source}.FileSystemType": "EFS",
        f"{source}.DirectoryPath": "/data",
    }


_PREFERRED = {
    **{name: value for name, value in _JOB.items() if "Instance" not in name},
    "ResourceConfig.InstancePreferences[0].InstanceType": "ml.m5.large",
    "ResourceConfig.InstancePreferences[1].InstanceType": "ml.m5.xlarge",
}
_SERVERLESS = {
    "ServerlessJobConfig.BaseModelArn": (
        "arn:aws:sagemaker:us-east-1:aws:hub-content/SageMakerPublicHub/Model/m/1.0.0"
    ),
    "OutputDataConfig.S3OutputPath": "s3://bucket/models",
}

RULES = (
    any_of(
        "training-algorithm",
        _TRAIN,
        "AlgorithmSpecification",
        "ServerlessJobConfig",
        source="CreateTrainingJob, AlgorithmSpecification",
        fails={"OutputDataConfig.S3OutputPath": "s3://bucket/models"},
        passes=_JOB,
    ),
    any_of(
        "training-resources",
        _TRAIN,
        "ResourceConfig",
        "ServerlessJobConfig",
        source="CreateTrainingJob, ResourceConfig",
        fails={**{k: v for k, v in _JOB.items() if "Resource" not in k}},
        passes=_JOB,
    ),
    exactly_one(
        "training-image-or-algorithm",
        _TRAIN,
        "TrainingImage",
        "AlgorithmName",
        at="AlgorithmSpecification",
        source="AlgorithmSpecification, AlgorithmName",
        fails={**_JOB, "AlgorithmSpecification.AlgorithmName": "algorithm"},
        passes=_JOB,
    ),
    exactly_one(
        "tuning-image-or-algorithm",
        _TUNE,
        "TrainingImage",
        "AlgorithmName",
        at="TrainingJobDefinition.AlgorithmSpecification",
        source="HyperParameterAlgorithmSpecification, AlgorithmName",
        fails={**_TUNED, **_definition({"AlgorithmSpecification.AlgorithmName": "algorithm"})},
        passes=_TUNED,
    ),
    any_of(
        "tuning-resources",
        _TUNE,
        "ResourceConfig",
        "HyperParameterTuningResourceConfig",
        at="TrainingJobDefinition",
        source="HyperParameterTrainingJobDefinition, HyperParameterTuningResourceConfig",
        fails={name: value for name, value in _TUNED.items() if ".ResourceConfig." not in name},
        passes=_TUNED,
    ),
    *(
        one
        for name, operation, at, base, place in (
            ("training", _TRAIN, "", _JOB, ""),
            ("tuning", _TUNE, "TrainingJobDefinition", _TUNED, "TrainingJobDefinition."),
        )
        for one in (
            rule(
                f"{name}-spot-wait",
                operation,
                "Managed spot training needs MaxWaitTimeInSeconds of at least MaxRuntimeInSeconds.",
                _spot_wait(at),
                source="StoppingCondition, MaxWaitTimeInSeconds",
                fails={
                    **base,
                    f"{place}EnableManagedSpotTraining": True,
                    f"{place}StoppingCondition.MaxRuntimeInSeconds": 601,
                    f"{place}StoppingCondition.MaxWaitTimeInSeconds": 600,
                },
                passes={
                    **base,
                    f"{place}EnableManagedSpotTraining": True,
                    f"{place}StoppingCondition.MaxRuntimeInSeconds": 600,
                    f"{place}StoppingCondition.MaxWaitTimeInSeconds": 600,
                },
            ),
            rule(
                f"{name}-wait-without-spot",
                operation,
                "MaxWaitTimeInSeconds is for managed spot training only.",
                _wait_without_spot(at),
                source='"Managed Spot Training"; StoppingCondition, MaxWaitTimeInSeconds',
                fails={**base, f"{place}StoppingCondition.MaxWaitTimeInSeconds": 600},
                passes={**base, f"{place}StoppingCondition.MaxRuntimeInSeconds": 600},
            ),
            exclusive(
                f"{name}-instances-or-groups",
                operation,
                "InstanceType",
                "InstanceGroups",
                at=f"{place}ResourceConfig",
                source="ResourceConfig, InstanceGroups",
                fails={
                    **base,
                    f"{place}ResourceConfig.InstanceGroups[0].InstanceGroupName": "cpu",
                },
                passes=base,
            ),
            unique(
                f"{name}-channels",
                operation,
                f"{place}InputDataConfig",
                "ChannelName",
                source="Channel, ChannelName",
                fails={
                    **base,
                    f"{place}InputDataConfig[0].ChannelName": "train",
                    f"{place}InputDataConfig[1].ChannelName": "train",
                },
                passes={
                    **base,
                    f"{place}InputDataConfig[0].ChannelName": "train",
                    f"{place}InputDataConfig[1].ChannelName": "test",
                },
            ),
        )
    ),
    exclusive(
        "training-preferences-or-type",
        _TRAIN,
        "InstancePreferences",
        "InstanceType",
        "InstanceGroups",
        at="ResourceConfig",
        source="ResourceConfig, InstancePreferences",
        fails={**_JOB, "ResourceConfig.InstancePreferences[0].InstanceType": "ml.m5.large"},
        passes={**_PREFERRED, "ResourceConfig.InstanceCount": 1},
    ),
    rule(
        "instance-preference-counts",
        (_TRAIN, _PROCESS),
        "InstanceCount is set for all InstancePreferences, or for none and for the cluster.",
        _preferences,
        source="InstancePreference, InstanceCount",
        fails={**_PREFERRED, "ResourceConfig.InstancePreferences[0].InstanceCount": 1},
        passes={**_PREFERRED, "ResourceConfig.InstanceCount": 1},
    ),
    forbids(
        "training-preferences-spot",
        _TRAIN,
        "ResourceConfig.InstancePreferences",
        "EnableManagedSpotTraining",
        source="ResourceConfig, InstancePreferences",
        fails={
            **_PREFERRED,
            "ResourceConfig.InstanceCount": 1,
            "EnableManagedSpotTraining": True,
            "StoppingCondition.MaxRuntimeInSeconds": 60,
            "StoppingCondition.MaxWaitTimeInSeconds": 60,
        },
        passes={**_PREFERRED, "ResourceConfig.InstanceCount": 1},
    ),
    forbids(
        "warm-pool-spot",
        _TRAIN,
        "EnableManagedSpotTraining",
        "ResourceConfig.KeepAlivePeriodInSeconds",
        source=_WARM_POOLS,
        fails={
            **_SPOT,
            "ResourceConfig.KeepAlivePeriodInSeconds": 60,
            "StoppingCondition.MaxRuntimeInSeconds": 60,
            "StoppingCondition.MaxWaitTimeInSeconds": 60,
        },
        passes={**_JOB, "ResourceConfig.KeepAlivePeriodInSeconds": 60},
    ),
    requires(
        "training-file-system-network",
        _TRAIN,
        "InputDataConfig[].DataSource.FileSystemDataSource",
        "VpcConfig",
        source='"Give SageMaker AI Training Jobs Access to Resources in Your Amazon VPC"',
        fails={**_JOB, **_file_system(0)},
        passes={
            **_JOB,
            **_file_system(0),
            "VpcConfig.Subnets[0]": "subnet-1",
            "VpcConfig.SecurityGroupIds[0]": "sg-1",
        },
    ),
    rule(
        "metric-regexes",
        (_TRAIN, _TUNE),
        "The Regex of a metric definition is a regular expression.",
        _regexes,
        source="MetricDefinition, Regex",
        fails={
            **_JOB,
            "AlgorithmSpecification.MetricDefinitions[0].Name": "auc",
            "AlgorithmSpecification.MetricDefinitions[0].Regex": "auc=(",
        },
        passes={
            **_JOB,
            "AlgorithmSpecification.MetricDefinitions[0].Name": "auc",
            "AlgorithmSpecification.MetricDefinitions[0].Regex": "auc=([0-9.]+)",
        },
    ),
    *(
        unique(
            name,
            _TRAIN,
            member,
            "RuleConfigurationName",
            source=f"{member.removesuffix('s')}, RuleConfigurationName",
            fails={
                **_JOB,
                f"{member}[0].RuleConfigurationName": "rule",
                f"{member}[1].RuleConfigurationName": "rule",
            },
            passes={
                **_JOB,
                f"{member}[0].RuleConfigurationName": "first",
                f"{member}[1].RuleConfigurationName": "second",
            },
        )
        for name, member in (
            ("debug-rule-names", "DebugRuleConfigurations"),
            ("profiler-rule-names", "ProfilerRuleConfigurations"),
        )
    ),
    requires(
        "serverless-evaluation",
        _TRAIN,
        "JobType",
        "EvaluationType",
        when="Evaluation",
        at="ServerlessJobConfig",
        source="ServerlessJobConfig, EvaluationType",
        fails={**_SERVERLESS, "ServerlessJobConfig.JobType": "Evaluation"},
        passes={
            **_SERVERLESS,
            "ServerlessJobConfig.JobType": "Evaluation",
            "ServerlessJobConfig.EvaluationType": "BenchmarkEvaluation",
        },
    ),
    choice(
        "serverless-sequence",
        _TRAIN,
        "ServerlessJobConfig.SequenceLength",
        ("1K", "2K", "4K", "8K", "16K", "32K", "64K", "128K"),
        source="ServerlessJobConfig, SequenceLength",
        fails={**_SERVERLESS, "ServerlessJobConfig.SequenceLength": "3K"},
        passes={**_SERVERLESS, "ServerlessJobConfig.SequenceLength": "4K"},
    ),
    _volume_key("training-volume-key", _TRAIN, "ResourceConfig", "ResourceConfig"),
    _volume_key(
        "tuning-volume-key", _TUNE, "TrainingJobDefinition.ResourceConfig", "ResourceConfig"
    ),
    _volume_key("processing-volume-key", _PROCESS, _CLUSTER, "ProcessingClusterConfig"),
    _volume_key("transform-volume-key", _TRANSFORM, "TransformResources", "TransformResources"),
    _volume_key(
        "monitoring-volume-key", _MONITORS, "JobResources.ClusterConfig", "MonitoringClusterConfig"
    ),
    exactly_one(
        "processing-input-kind",
        _PROCESS,
        "S3Input",
        "DatasetDefinition",
        at="ProcessingInputs[]",
        source="ProcessingInput",
        fails={**_PROCESSED, "ProcessingInputs[0].InputName": "data"},
        passes={**_PROCESSED, **_input()},
    ),
    exactly_one(
        "processing-output-kind",
        _PROCESS,
        "S3Output",
        "FeatureStoreOutput",
        at="ProcessingOutputConfig.Outputs[]",
        source="ProcessingOutput",
        fails={**_PROCESSED, "ProcessingOutputConfig.Outputs[0].OutputName": "result"},
        passes={**_PROCESSED, **_output()},
    ),
    requires(
        "feature-store-output",
        _PROCESS,
        "FeatureStoreOutput",
        "AppManaged",
        at="ProcessingOutputConfig.Outputs[]",
        source="ProcessingOutput, FeatureStoreOutput",
        fails={
            **_PROCESSED,
            "ProcessingOutputConfig.Outputs[0].FeatureStoreOutput.FeatureGroupName": "customers",
        },
        passes={
            **_PROCESSED,
            "ProcessingOutputConfig.Outputs[0].FeatureStoreOutput.FeatureGroupName": "customers",
            "ProcessingOutputConfig.Outputs[0].AppManaged": True,
        },
    ),
    matching(
        "processing-input-path",
        _PROCESS,
        "ProcessingInputs[].S3Input.LocalPath",
        "/opt/ml/processing/.+",
        "begin with /opt/ml/processing/",
        source="ProcessingS3Input, LocalPath",
        fails={**_PROCESSED, **_input(LocalPath="/data")},
        passes={**_PROCESSED, **_input()},
    ),
    rule(
        "processing-input-path-missing",
        _PROCESS,
        "LocalPath of an S3Input is required unless AppManaged is True.",
        _managed_paths,
        source="ProcessingS3Input, LocalPath",
        fails={**_PROCESSED, **_input(LocalPath=None)},
        passes={**_PROCESSED, **_input()},
    ),
    rule(
        "processing-names",
        _PROCESS,
        "Names of inputs and outputs are unique within a job.",
        _names,
        source='CreateProcessingJob; its error "Input and Output names must be globally unique"',
        fails={**_PROCESSED, **_input(0), **_input(1), "ProcessingInputs[1].InputName": "data0"},
        passes={**_PROCESSED, **_input(0), **_input(1), **_output(0)},
    ),
    rule(
        "processing-paths",
        _PROCESS,
        "LocalPath is unique among the inputs and outputs of a job.",
        _local_paths,
        source="github.com/aws/sagemaker-python-sdk, issues 4939 and 1950 (AWS Support)",
        fails={**_PROCESSED, **_input(), **_output(LocalPath="/opt/ml/processing/input0")},
        passes={**_PROCESSED, **_input(), **_output()},
    ),
    exclusive(
        "processing-preferences-or-type",
        _PROCESS,
        "InstancePreferences",
        "InstanceType",
        at=_CLUSTER,
        source="ProcessingClusterConfig, InstancePreferences",
        fails={**_PROCESSED, f"{_CLUSTER}.InstancePreferences[0].InstanceType": "ml.m5.large"},
        passes=_PROCESSED,
    ),
    bounded(
        "transform-payload",
        _TRANSFORM,
        "MaxPayloadInMB",
        None,
        100,
        source="CreateTransformJob, MaxPayloadInMB",
        fails={"MaxPayloadInMB": 101},
        passes={"MaxPayloadInMB": 100},
    ),
    *(
        rule(
            f"transform-{name}",
            _TRANSFORM,
            f"Batch transform does not support models with {what}.",
            _transform_without(what, excluded),
            source=source,
            fails=Example({"ModelName": "churn"}, {"DescribeModel": {"PrimaryContainer": model}}),
            passes=Example({"ModelName": "churn"}, {"DescribeModel": {"PrimaryContainer": {}}}),
        )
        for name, what, excluded, model, source in (
            (
                "data-source",
                "ModelDataSource",
                has_data_source,
                {"ModelDataSource": {"S3DataSource": {}}},
                "ContainerDefinition, ModelDataSource",
            ),
            (
                "many-models",
                "a multi-model container",
                multi_model,
                {"Mode": "MultiModel"},
                '"Multi-model endpoints" in the Developer Guide',
            ),
        )
    ),
    rule(
        "transform-parallel-payload",
        _TRANSFORM,
        "MaxConcurrentTransforms * MaxPayloadInMB is at most 100 MB.",
        _payload,
        source="CreateTransformJob, MaxPayloadInMB",
        fails={"MaxPayloadInMB": 51, "MaxConcurrentTransforms": 2},
        passes={"MaxPayloadInMB": 50, "MaxConcurrentTransforms": 2},
    ),
)
