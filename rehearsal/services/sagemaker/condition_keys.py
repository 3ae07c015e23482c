"""SageMaker's condition keys of a request, which has a key if it has the key's member.

Source: "Actions, resources, and condition keys for Amazon SageMaker" in the service authorization
reference.
"""

from collections.abc import Mapping
from typing import Any

from rehearsal.cloudformation.resource_requests import dig
from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.authorization import RESOURCES

_NETWORK = {
    "VpcSubnets": "VpcConfig.Subnets",
    "VpcSecurityGroupIds": "VpcConfig.SecurityGroupIds",
}
_TRAINING = {
    "VolumeKmsKey": "ResourceConfig.VolumeKmsKeyId",
    "OutputKmsKey": "OutputDataConfig.KmsKeyId",
    "InstanceTypes": "ResourceConfig.InstanceType",
    "MaxRuntimeInSeconds": "StoppingCondition.MaxRuntimeInSeconds",
    "InterContainerTrafficEncryption": "EnableInterContainerTrafficEncryption",
    "NetworkIsolation": "EnableNetworkIsolation",
    "KeepAlivePeriod": "ResourceConfig.KeepAlivePeriodInSeconds",
    "EnableRemoteDebug": "RemoteDebugConfig.EnableRemoteDebug",
    **_NETWORK,
}
_PROCESSING = {
    "VolumeKmsKey": "ProcessingResources.ClusterConfig.VolumeKmsKeyId",
    "OutputKmsKey": "ProcessingOutputConfig.KmsKeyId",
    "InstanceTypes": "ProcessingResources.ClusterConfig.InstanceType",
    "MaxRuntimeInSeconds": "StoppingCondition.MaxRuntimeInSeconds",
    "InterContainerTrafficEncryption": "NetworkConfig.EnableInterContainerTrafficEncryption",
    "NetworkIsolation": "NetworkConfig.EnableNetworkIsolation",
    "VpcSubnets": "NetworkConfig.VpcConfig.Subnets",
    "VpcSecurityGroupIds": "NetworkConfig.VpcConfig.SecurityGroupIds",
}
_PACKAGE = {
    "ModelApprovalStatus": "ModelApprovalStatus",
    "ModelLifeCycle:stage": "ModelLifeCycle.Stage",
    "ModelLifeCycle:stageStatus": "ModelLifeCycle.StageStatus",
}
_FEATURE_GROUP = {
    "FeatureGroupDisableGlueTableCreation": "OfflineStoreConfig.DisableGlueTableCreation",
    "FeatureGroupEnableOnlineStore": "OnlineStoreConfig.EnableOnlineStore",
    "FeatureGroupOfflineStoreKmsKey": "OfflineStoreConfig.S3StorageConfig.KmsKeyId",
    "FeatureGroupOfflineStoreS3Uri": "OfflineStoreConfig.S3StorageConfig.S3Uri",
    "FeatureGroupOnlineStoreKmsKey": "OnlineStoreConfig.SecurityConfig.KmsKeyId",
}
_NOTEBOOK = {
    "InstanceTypes": "InstanceType",
    "RootAccess": "RootAccess",
    "MinimumInstanceMetadataServiceVersion": (
        "InstanceMetadataServiceConfiguration.MinimumInstanceMetadataServiceVersion"
    ),
}
_SERVERLESS = {
    "ServerlessMaxConcurrency": "MaxConcurrency",
    "ServerlessMemorySize": "MemorySizeInMB",
}
_MEMBERS: Mapping[str, Mapping[str, str]] = {
    "CreateTrainingJob": _TRAINING,
    "CreateHyperParameterTuningJob": {
        key: f"TrainingJobDefinition.{member}" for key, member in _TRAINING.items()
    },
    "CreateProcessingJob": _PROCESSING,
    "CreateTransformJob": {
        "VolumeKmsKey": "TransformResources.VolumeKmsKeyId",
        "OutputKmsKey": "TransformOutput.KmsKeyId",
        "InstanceTypes": "TransformResources.InstanceType",
    },
    **{
        f"Create{kind}JobDefinition": {
            "VolumeKmsKey": "JobResources.ClusterConfig.VolumeKmsKeyId",
            "OutputKmsKey": f"{kind}JobOutputConfig.KmsKeyId",
            "InstanceTypes": "JobResources.ClusterConfig.InstanceType",
            "MaxRuntimeInSeconds": "StoppingCondition.MaxRuntimeInSeconds",
            **{key: member for key, member in _PROCESSING.items() if "NetworkConfig" in member},
        }
        for kind in ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")
    },
    "CreateFeatureGroup": _FEATURE_GROUP,
    "CreateModel": {"NetworkIsolation": "EnableNetworkIsolation", **_NETWORK},
    "CreateEndpointConfig": {"VolumeKmsKey": "KmsKeyId"},
    "CreateModelPackage": _PACKAGE,
    "UpdateModelPackage": {
        **_PACKAGE,
        "CustomerMetadataPropertiesToRemove": "CustomerMetadataPropertiesToRemove",
    },
    "CreateNotebookInstance": {
        **_NOTEBOOK,
        "DirectInternetAccess": "DirectInternetAccess",
        "VolumeKmsKey": "KmsKeyId",
        "VpcSubnets": "SubnetId",
        "VpcSecurityGroupIds": "SecurityGroupIds",
    },
    "UpdateNotebookInstance": _NOTEBOOK,
    "CreateDomain": {
        "AppNetworkAccess": "AppNetworkAccessType",
        "VolumeKmsKey": "KmsKeyId",
        "VpcSubnets": "SubnetIds",
    },
}


def condition_keys(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the keys of a request, such as `sagemaker:VpcSubnets`."""
    found = {key: dig(request, path) for key, path in _MEMBERS.get(operation, {}).items()}
    tuning = dig(request, "TrainingJobDefinition.HyperParameterTuningResourceConfig")
    if operation == "CreateHyperParameterTuningJob" and tuning:
        choices = [tuning, *(tuning.get("InstanceConfigs") or ())]
        found["InstanceTypes"] = [one["InstanceType"] for one in choices if "InstanceType" in one]
        found["VolumeKmsKey"] = tuning.get("VolumeKmsKeyId")
    elif operation == "CreateEndpointConfig":
        kinds = ("ProductionVariants", "ShadowProductionVariants")
        variants = [variant for kind in kinds for variant in request.get(kind) or ()]
        found["InstanceTypes"] = [v["InstanceType"] for v in variants if "InstanceType" in v]
        serverless = [v["ServerlessConfig"] for v in variants if v.get("ServerlessConfig")]
        for key, member in _SERVERLESS.items():
            found[key] = [str(one[member]) for one in serverless if member in one]
    elif (
        found.get("InstanceTypes") is not None
    ):  # the key has many values, even for a single instance type
        found["InstanceTypes"] = [found["InstanceTypes"]]
    if operation == "CreateNotebookInstance" and found["VpcSubnets"] is not None:
        found["VpcSubnets"] = [found["VpcSubnets"]]  # many values, even for the one subnet
    if operation in ("CreateModelPackage", "UpdateModelPackage"):
        metadata = request.get("CustomerMetadataProperties") or {}
        found |= {f"CustomerMetadataProperties/{name}": metadata[name] for name in metadata}
    if operation == "Search":
        for one in request.get("VisibilityConditions") or ():
            found[f"SearchVisibilityCondition/{one.get('Key')}"] = one.get("Value")
    return {
        f"sagemaker:{key}": str(value).lower() if isinstance(value, bool) else value
        for key, value in found.items()
        if value not in (None, [])
    }


def model_keys(operation: str, request: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Returns `sagemaker:ModelArn` of a request that names models; many values for variants."""
    if operation == "CreateTransformJob":
        return {"sagemaker:ModelArn": scope.arn("sagemaker", f"model/{request['ModelName']}")}
    if operation != "CreateEndpointConfig":
        return {}
    kinds = ("ProductionVariants", "ShadowProductionVariants")
    names = [
        variant["ModelName"]
        for kind in kinds
        for variant in request.get(kind) or ()
        if "ModelName" in variant
    ]
    arns = [scope.arn("sagemaker", f"model/{name}") for name in names]
    return {"sagemaker:ModelArn": arns} if arns else {}


def tagging_action(arn: str) -> dict[str, str]:
    """Returns `sagemaker:TaggingAction` of a resource that is about to be created with tags."""
    kind = arn.split(":", 5)[5].partition("/")[0]
    # The first one creates the resource; later ones, as of versions, belong to it.
    operation = next((name for name, kinds in _CREATES.items() if kind in kinds), None)
    return {"sagemaker:TaggingAction": operation} if operation else {}


_CREATES = {
    operation: {resource.partition("/")[0] for resource in resources[:1]}
    for operation, resources in RESOURCES.items()
    if operation.startswith("Create") and resources
} | {"CreateApp": {"app"}, "CreateModelPackage": {"model-package"}}
