"""Members of requests that the rehearsal rejects by name, because it would have to drop them.

A path leads through structures (`.`) and lists (`[]`); the last name is the rejected member,
`=VALUE` rejects one value of it. Members that only choose hardware or networks of AWS
(InstanceType, VpcConfig, volumes) are recorded and returned by Describe*, as they change nothing
that a job or endpoint can see.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.framework.platform import AwsError

_CONTAINER = (
    "InferenceSpecificationName",
    "AdditionalModelDataSources",
    "ContainerMetricsConfig",
    "ImageConfig.RepositoryAccessMode=Vpc",
    "ModelDataSource.S3DataSource.ManifestS3Uri",
)
_VARIANT = (
    "InstancePools",
    "VariantInstanceProvisionTimeoutInSeconds",
    "AcceleratorType",
    "CoreDumpConfig",
    "EnableSSMAccess=True",
    "CapacityReservationConfig",
)
_COMPONENT = (
    "Specifications",
    "Specification.InstanceType",
    "Specification.Container.ContainerMetricsConfig",
)
_TRAINING = (
    "AlgorithmSpecification.AlgorithmName",
    "AlgorithmSpecification.TrainingInputMode=Pipe",
    "InputDataConfig[].DataSource.FileSystemDataSource",
    "InputDataConfig[].DataSource.DatasetSource",
    "InputDataConfig[].InputMode=Pipe",
    "InputDataConfig[].RecordWrapperType=RecordIO",
    "InputDataConfig[].CompressionType=Gzip",
    "InputDataConfig[].DataSource.S3DataSource.S3DataType=AugmentedManifestFile",
    "InputDataConfig[].DataSource.S3DataSource.S3DataType=Converse",
    "InputDataConfig[].DataSource.S3DataSource.AttributeNames",
    "InputDataConfig[].DataSource.S3DataSource.InstanceGroupNames",
    "InputDataConfig[].DataSource.S3DataSource.HubAccessConfig",
    "ResourceConfig.InstanceGroups",
    "ResourceConfig.InstancePreferences",
    "ResourceConfig.TrainingPlanArn",
)
# Studio Classic is closed ("Amazon SageMaker Studio Classic" in the Developer Guide); the others
# are separate products.
_CLASSIC = (
    "JupyterServerAppSettings",
    "KernelGatewayAppSettings",
    "TensorBoardAppSettings",
    "RStudioServerProAppSettings",
    "RSessionAppSettings",
    "CanvasAppSettings",
)
_DOMAIN = (
    *(f"DefaultUserSettings.{path}" for path in _CLASSIC),
    *(f"DefaultSpaceSettings.{path}" for path in _CLASSIC[:2]),
)
_DOMAIN_SETTINGS = (
    "TrustedIdentityPropagationSettings",
    "UnifiedStudioSettings",
    "AmazonQSettings",
)
_SPACE = tuple(f"SpaceSettings.{path}" for path in _CLASSIC[:2])

UNSUPPORTED: Mapping[str, tuple[str, ...]] = {
    "CreateModel": (
        *(f"PrimaryContainer.{path}" for path in _CONTAINER),
        *(f"Containers[].{path}" for path in _CONTAINER),
    ),
    "CreateEndpointConfig": (
        "ExplainerConfig",
        *(f"ProductionVariants[].{path}" for path in _VARIANT),
        *(f"ShadowProductionVariants[].{path}" for path in _VARIANT),
    ),
    "CreateInferenceComponent": _COMPONENT,
    "UpdateInferenceComponent": _COMPONENT,
    "CreateProcessingJob": (
        "ProcessingInputs[].DatasetDefinition",
        "ProcessingInputs[].AppManaged=True",
        "ProcessingInputs[].S3Input.S3InputMode=Pipe",
        "ProcessingInputs[].S3Input.S3CompressionType=Gzip",
        "ProcessingOutputConfig.Outputs[].FeatureStoreOutput",
        "ProcessingOutputConfig.Outputs[].AppManaged=True",
        "ProcessingResources.ClusterConfig.InstancePreferences",
    ),
    "CreateTrainingJob": (
        *_TRAINING,
        "AlgorithmSpecification.TrainingImageConfig",
        "SessionChainingConfig",
        "ServerlessJobConfig",
        "MlflowConfig",
        "ModelPackageConfig",
    ),
    "CreateHyperParameterTuningJob": (
        "TrainingJobDefinitions",
        "Autotune",
        *(f"TrainingJobDefinition.{path}" for path in _TRAINING),
        "TrainingJobDefinition.TuningObjective",
        "TrainingJobDefinition.HyperParameterRanges",
        "HyperParameterTuningJobConfig.TuningJobCompletionCriteria",
        "HyperParameterTuningJobConfig.Strategy=Hyperband",
        "HyperParameterTuningJobConfig.StrategyConfig",
        "HyperParameterTuningJobConfig.ParameterRanges.AutoParameters",
    ),
    "CreateTransformJob": (
        "TransformInput.SplitType=RecordIO",
        "TransformInput.SplitType=TFRecord",
        "TransformInput.CompressionType=Gzip",
        "TransformInput.DataSource.S3DataSource.S3DataType=AugmentedManifestFile",
        "TransformInput.DataSource.S3DataSource.S3DataType=Converse",
    ),
    "CreateFeatureGroup": ("OnlineStoreConfig.StorageType=Standard_V2",),
    "UpdateFeatureGroup": ("OnlineStoreConfig.StorageType",),
    "ListFeatureGroups": ("SortBy=OfflineStoreStatus",),
    **{
        f"Create{kind}JobDefinition": (
            f"{kind}JobInput.EndpointInput.S3InputMode=Pipe",
            f"{kind}JobInput.BatchTransformInput.S3InputMode=Pipe",
        )
        for kind in ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")
    },
    "CreateModelPackageGroup": ("ManagedConfiguration",),
    "CreateModelPackage": (
        "ValidationSpecification",
        "SourceAlgorithmSpecification",
        "CertifyForMarketplace=True",
        "ManagedStorageType",
    ),
    "ListModelPackageGroups": ("CrossAccountFilterOption=CrossAccount",),
    "Search": ("CrossAccountFilterOption=CrossAccount",),
    "CreateDomain": (
        "AuthMode=SSO",
        "HomeEfsFileSystemKmsKeyId",
        "DomainSettings.RStudioServerProDomainSettings",
        *(f"DomainSettings.{name}" for name in _DOMAIN_SETTINGS),
        *_DOMAIN,
    ),
    "UpdateDomain": (
        "DomainSettingsForUpdate.RStudioServerProDomainSettingsForUpdate",
        *(f"DomainSettingsForUpdate.{name}" for name in _DOMAIN_SETTINGS),
        *_DOMAIN,
    ),
    "CreateUserProfile": (
        "SingleSignOnUserIdentifier",
        "SingleSignOnUserValue",
        *(f"UserSettings.{path}" for path in _CLASSIC),
    ),
    "UpdateUserProfile": tuple(f"UserSettings.{path}" for path in _CLASSIC),
    "CreateSpace": _SPACE,
    "UpdateSpace": _SPACE,
    "CreateApp": tuple(
        f"AppType={kind}"
        for kind in (
            "JupyterServer",
            "KernelGateway",
            "DetailedProfiler",
            "TensorBoard",
            "RStudioServerPro",
            "RSessionGateway",
            "Canvas",
        )
    ),
    # "Elastic Inference (EI) is no longer available" (API_CreateNotebookInstance).
    **{f"{verb}NotebookInstance": ("AcceleratorTypes",) for verb in ("Create", "Update")},
    "ListTrainingJobs": ("WarmPoolStatusEquals", "TrainingPlanArnEquals"),
    "StartPipelineExecution": ("MlflowExperimentName",),
    "InvokeEndpoint": (
        "EnableExplanations",
        "SessionId",
        "PrefixAwareId",
    ),
    "InvokeEndpointWithResponseStream": ("SessionId", "PrefixAwareId"),
}


def reject_unsupported(
    operation: str, request: Mapping[str, Any], code: str = "ValidationException"
) -> None:
    """Rejects a request with members that the rehearsal does not implement.

    Args:
        operation: the API name of the operation.
        request: the request.
        code: the error code.

    Raises:
        AwsError: with the names of all such members.
    """
    found = [
        found for path in UNSUPPORTED.get(operation, ()) for found in _present(request, path, "")
    ]
    if found:
        names = ", ".join(found)
        message = f"The rehearsal does not implement {names} of {operation}: remove it."
        raise AwsError(code, message)


def _present(value: Any, path: str, where: str) -> Iterator[str]:
    """Yields the places at which a path leads to a rejected member."""
    head, _, rest = path.partition(".")
    name, _, wanted = head.partition("=")
    many = name.endswith("[]")
    name = name.removesuffix("[]")
    if not isinstance(value, Mapping) or value.get(name) in (None, {}, []):
        return
    here = f"{where}.{name}" if where else name
    if many:
        for index, item in enumerate(value[name]):
            yield from _present(item, rest, f"{here}[{index}]")
    elif rest:
        yield from _present(value[name], rest, here)
    elif not wanted:
        yield here
    elif str(value[name]) == wanted:
        yield f"{here}={wanted}"
