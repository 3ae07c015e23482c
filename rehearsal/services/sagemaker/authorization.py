"""The ARNs that IAM checks for each operation.

An operation without resource-level permissions is checked on `*`.

Source: "Actions, resources, and condition keys for Amazon SageMaker" in the service authorization
reference.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.names import app_path, artifact_id

_CRUD = {
    "Model": "model/{ModelName}",
    "EndpointConfig": "endpoint-config/{EndpointConfigName}",
    "Endpoint": "endpoint/{EndpointName}",
    "InferenceComponent": "inference-component/{InferenceComponentName}",
    "InferenceComponentRuntimeConfig": "inference-component/{InferenceComponentName}",
    "ProcessingJob": "processing-job/{ProcessingJobName}",
    "TrainingJob": "training-job/{TrainingJobName}",
    "HyperParameterTuningJob": "hyper-parameter-tuning-job/{HyperParameterTuningJobName}",
    "TransformJob": "transform-job/{TransformJobName}",
    "ModelPackageGroup": "model-package-group/{ModelPackageGroupName}",
    "ModelPackageGroupPolicy": "model-package-group/{ModelPackageGroupName}",
    "Pipeline": "pipeline/{PipelineName}",
    "Project": "project/{ProjectName}",
    "DataQualityJobDefinition": "data-quality-job-definition/{JobDefinitionName}",
    "ModelQualityJobDefinition": "model-quality-job-definition/{JobDefinitionName}",
    "ModelBiasJobDefinition": "model-bias-job-definition/{JobDefinitionName}",
    "ModelExplainabilityJobDefinition": "model-explainability-job-definition/{JobDefinitionName}",
    "MonitoringSchedule": "monitoring-schedule/{MonitoringScheduleName}",
    "Domain": "domain/{DomainId}",
    "UserProfile": "user-profile/{DomainId}/{UserProfileName}",
    "Space": "space/{DomainId}/{SpaceName}",
    "StudioLifecycleConfig": "studio-lifecycle-config/{StudioLifecycleConfigName}",
    "Image": "image/{ImageName}",
    "ImageVersion": "image-version/{ImageName}/{Version}",
    "AppImageConfig": "app-image-config/{AppImageConfigName}",
    "MlflowApp": "{Arn}",
    "FeatureGroup": "feature-group/{FeatureGroupName}",
    "FeatureMetadata": "feature-group/{FeatureGroupName}",
    "ModelCard": "model-card/{ModelCardName}",
    "Hub": "hub/{HubName}",
    "Experiment": "experiment/{ExperimentName}",
    "Trial": "experiment-trial/{TrialName}",
    "TrialComponent": "experiment-trial-component/{TrialComponentName}",
    "Action": "action/{ActionName}",
    "Context": "context/{ContextName}",
    "Artifact": "{ArtifactArn}",
    "CodeRepository": "code-repository/{CodeRepositoryName}",
    "NotebookInstance": "notebook-instance/{NotebookInstanceName}",
    "NotebookInstanceLifecycleConfig": (
        "notebook-instance-lifecycle-config/{NotebookInstanceLifecycleConfigName}"
    ),
}
# SageMaker writes names in its ARNs in lower case.
_LOWER_CASE = (
    "action/",
    "context/",
    "experiment/",
    "experiment-trial/",
    "experiment-trial-component/",
    "feature-group/",
    "model-card/",
    "model-package-group/",
    "model-package/",
)
_EXECUTION = "{PipelineExecutionArn}"
_TAGGED = "{ResourceArn}"
_ENDPOINT = ("endpoint/{EndpointName}", "endpoint-config/{EndpointConfigName}")
_TRIAL_AND_COMPONENT = (
    "experiment-trial/{TrialName}",
    "experiment-trial-component/{TrialComponentName}",
)
_HUB_CONTENT = ("hub-content/{HubName}/{HubContentType}/{HubContentName}", "hub/{HubName}")

RESOURCES: Mapping[str, tuple[str, ...]] = {
    **{
        f"{verb}{noun}": (resource,)
        for noun, resource in _CRUD.items()
        for verb in ("Create", "Describe", "Update", "Delete", "Start", "Stop", "Put", "Get")
    },
    "CreateEndpoint": _ENDPOINT,
    "CreateInferenceComponent": (
        "inference-component/{InferenceComponentName}",
        "endpoint/{EndpointName}",
    ),
    "UpdateEndpoint": _ENDPOINT,
    "UpdateEndpointWeightsAndCapacities": _ENDPOINT[:1],
    "InvokeEndpoint": _ENDPOINT[:1],
    "InvokeEndpointAsync": _ENDPOINT[:1],
    "InvokeEndpointWithResponseStream": _ENDPOINT[:1],
    "ListTrainingJobsForHyperParameterTuningJob": (
        "hyper-parameter-tuning-job/{HyperParameterTuningJobName}",
    ),
    "ListModelPackages": ("model-package-group/{ModelPackageGroupName}",),
    "DescribeModelPackage": ("model-package/{ModelPackageName}",),
    "DeleteModelPackage": ("model-package/{ModelPackageName}",),
    "UpdateModelPackage": ("{ModelPackageArn}",),
    "CreateHubContentReference": (
        "hub-content/{HubName}/ModelReference/{HubContentName}",
        "hub/{HubName}",
    ),
    **dict.fromkeys(
        (
            "ImportHubContent",
            "DescribeHubContent",
            "ListHubContentVersions",
            "UpdateHubContent",
            "UpdateHubContentReference",
            "DeleteHubContent",
            "DeleteHubContentReference",
        ),
        _HUB_CONTENT,
    ),
    "ListHubContents": ("hub/{HubName}",),
    "ListModelCardVersions": ("model-card/{ModelCardName}",),
    "GetRecord": ("feature-group/{FeatureGroupName}",),
    "PutRecord": ("feature-group/{FeatureGroupName}",),
    "DeleteRecord": ("feature-group/{FeatureGroupName}",),
    "ListRecords": ("feature-group/{FeatureGroupName}",),
    "StartMonitoringSchedule": ("monitoring-schedule/{MonitoringScheduleName}",),
    "StartPipelineExecution": ("pipeline/{PipelineName}",),
    "ListPipelineExecutions": ("pipeline/{PipelineName}",),
    "ListPipelineVersions": ("pipeline/{PipelineName}",),
    "UpdatePipelineVersion": ("{PipelineArn}",),
    **dict.fromkeys(
        (
            "DescribePipelineExecution",
            "DescribePipelineDefinitionForExecution",
            "ListPipelineExecutionSteps",
            "ListPipelineParametersForExecution",
            "StopPipelineExecution",
            "RetryPipelineExecution",
            "UpdatePipelineExecution",
            "SendPipelineExecutionStepSuccess",
            "SendPipelineExecutionStepFailure",
        ),
        (_EXECUTION,),
    ),
    # A resource without an id yet is checked against every id.
    "CreateDomain": ("domain/*",),
    "CreateMlflowApp": ("mlflow-app/*",),
    "CreatePresignedMlflowAppUrl": ("{Arn}",),
    "CreateImageVersion": ("image/{ImageName}",),
    "ListImageVersions": ("image/{ImageName}",),
    "ListAliases": ("image/{ImageName}",),
    "CreatePresignedDomainUrl": ("user-profile/{DomainId}/{UserProfileName}",),
    # The id of an artifact follows from its source.
    "CreateArtifact": ("artifact/*",),
    "CreateTrial": ("experiment-trial/{TrialName}", "experiment/{ExperimentName}"),
    "AssociateTrialComponent": _TRIAL_AND_COMPONENT,
    "DisassociateTrialComponent": _TRIAL_AND_COMPONENT,
    "AddAssociation": ("{SourceArn}", "{DestinationArn}"),
    "DeleteAssociation": ("{SourceArn}", "{DestinationArn}"),
    "CreateApp": (),
    "DescribeApp": (),
    "DeleteApp": (),
    "Search": (),
    "QueryLineage": (),
    "BatchDescribeModelPackage": ("{ModelPackageArnList}",),
    "EnableSagemakerServicecatalogPortfolio": (),
    "DisableSagemakerServicecatalogPortfolio": (),
    "GetSagemakerServicecatalogPortfolioStatus": (),
    "DescribeLineageGroup": (),
    "GetLineageGroupPolicy": (),
    "AddTags": (_TAGGED,),
    "ListTags": (_TAGGED,),
    "DeleteTags": (_TAGGED,),
}


def resource_arns(operation: str, request: Mapping[str, Any], scope: Scope) -> Sequence[str]:
    """Returns the ARNs to check for a request; `["*"]` without resource-level permissions."""
    if operation == "CreateModelPackage":
        return _model_package_arns(request, scope)
    if operation == "BatchDescribeModelPackage":
        return list(dict.fromkeys(request["ModelPackageArnList"]))
    if operation == "DeleteArtifact" and request.get("Source"):
        name = artifact_id(scope, request["Source"]["SourceUri"])
        return [scope.arn("sagemaker", f"artifact/{name}")]
    if operation in ("CreateApp", "DescribeApp", "DeleteApp"):
        return [scope.arn("sagemaker", f"app/{app_path(request)}")]
    if operation in ("BatchGetRecord", "BatchWriteRecord"):
        entries = request.get("Identifiers") or request.get("Entries") or ()
        arns = [_arn("feature-group/{FeatureGroupName}", entry, scope) for entry in entries]
        return [arn for arn in dict.fromkeys(arns) if arn] or ["*"]
    if "HubName" in request:
        # A request may name a hub by its ARN, of which its content needs the name.
        request = {**request, "HubName": request["HubName"].rpartition("/")[2]}
    arns = [_arn(resource, request, scope) for resource in RESOURCES.get(operation, ())]
    return [arn for arn in arns if arn] or ["*"]


def _model_package_arns(request: Mapping[str, Any], scope: Scope) -> Sequence[str]:
    group = request.get("ModelPackageGroupName")
    if not group:
        name = request.get("ModelPackageName", "*").lower()
        return [scope.arn("sagemaker", f"model-package/{name}")]
    name = group.rpartition("/")[2].lower()
    return [
        scope.arn("sagemaker", f"model-package-group/{name}"),
        # The version is not known yet.
        scope.arn("sagemaker", f"model-package/{name}/*"),
    ]


def _arn(resource: str, request: Mapping[str, Any], scope: Scope) -> str | None:
    """Returns the ARN of a template; a member that is an ARN is the resource itself."""
    members = re.findall(r"\{(\w+)\}", resource)
    values = {member: str(request.get(member) or "") for member in members}
    for value in values.values():
        if value.startswith("arn:"):
            return value
    if not any(values.values()) and members:
        return None
    # Without a version, the request is checked against every version.
    filled = resource.format(**{m: v or "*" for m, v in values.items()})
    lower = resource.startswith(_LOWER_CASE)
    return scope.arn("sagemaker", filled.lower() if lower else filled)
