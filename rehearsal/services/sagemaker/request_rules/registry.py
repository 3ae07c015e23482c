"""Rules of model packages, model cards, hubs and projects."""

import re
from collections.abc import Iterator
from typing import Any

from rehearsal.framework.rules.kinds import (
    any_of,
    choice,
    exactly_one,
    exclusive,
    forbids,
    rule,
    unique,
)
from rehearsal.framework.rules.rule import Call, Example

_CREATE = "CreateModelPackage"
_MAX_SPECIFICATIONS = 15
_CARD = {"ModelCardName": "churn"}
_GIVEN_BY_SAGEMAKER = ("SageMakerProjectName", "SageMakerProjectId")
_SPECIFICATION = {
    "InferenceSpecification.Containers[0].Image": (
        "111111111111.dkr.ecr.us-east-1.amazonaws.com/churn:1"
    ),
    "InferenceSpecification.SupportedContentTypes[0]": "text/csv",
    "InferenceSpecification.SupportedResponseMIMETypes[0]": "text/csv",
}
_VERSION = {"ModelPackageGroupName": "churn", **_SPECIFICATION}
_ADDED = "AdditionalInferenceSpecificationsToAdd"
_ARN = "arn:aws:sagemaker:us-east-1:111111111111:model-package/churn/1"
_VERSIONS = ("HubContentVersion", "MinVersion", "MaxSchemaVersion", "DocumentSchemaVersion")
_VERSION_NUMBER = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}")
_HUB_FIELDS = (
    "HubContentDescription",
    "HubContentDisplayName",
    "HubContentMarkdown",
    "HubContentSearchKeywords",
    "SupportStatus",
)
_IMPORTED = {
    "HubContentType": "Model",
    "HubContentVersion": "1.0.0",
    "DocumentSchemaVersion": "1.0.0",
    "HubContentDocument": "{}",
}
_TEMPLATE = {
    "TemplateProviders[0].CfnTemplateProvider.TemplateName": "template",
    "TemplateProviders[0].CfnTemplateProvider.TemplateURL": (
        "https://bucket.s3.us-east-1.amazonaws.com/template.yaml"
    ),
}
_PRODUCT = "ServiceCatalogProvisioningDetails"


def _unversioned(call: Call) -> Iterator[str]:
    if call.get("ModelPackageName") and not call.get("ModelPackageGroupName"):
        for member in (
            "SupportedTransformInstanceTypes",
            "SupportedRealtimeInferenceInstanceTypes",
        ):
            specification = call.get("InferenceSpecification")
            if specification and not specification.get(member):
                yield f"InferenceSpecification.{member} is required for an unversioned model."


def _all_specifications(call: Call) -> Iterator[str]:
    found = call.read("DescribeModelPackage", {"ModelPackageName": call.get("ModelPackageArn")})
    present = (found or {}).get("AdditionalInferenceSpecifications") or ()
    number = len(present) + len(call.get(_ADDED) or ())
    if number > _MAX_SPECIFICATIONS:
        yield (
            "Total number of additional Inference Specifications can not exceed "
            f"{_MAX_SPECIFICATIONS}; this would make {number}."
        )


def _packages(call: Call) -> Iterator[str]:
    group = call.get("ModelPackageGroupName")
    found = call.read("ListModelPackages", {"ModelPackageGroupName": group}) or {}
    versions = found.get("ModelPackageSummaryList") or ()
    if versions:
        name = str(group).rpartition("/")[2]
        yield (
            f"Model Package Group {name} cannot be deleted because it still contains "
            f"{len(versions)} model package(s): delete them first."
        )


def _parameters(call: Call) -> Iterator[str]:
    for path in (
        f"{_PRODUCT}|ServiceCatalogProvisioningUpdateDetails.ProvisioningParameters[].Key",
        "TemplateProviders[].CfnTemplateProvider.Parameters[].Key",
        "TemplateProvidersToUpdate[].CfnTemplateProvider.Parameters[].Key",
    ):
        for _, key in call.values(path):
            if key in _GIVEN_BY_SAGEMAKER:
                yield f"Parameter {key} is set by SageMaker: remove it."


def _no_change(call: Call) -> Iterator[str]:
    found = call.read("DescribeModelCard", {"ModelCardName": call.get("ModelCardName")})
    if (found or {}).get("ModelCardStatus") == "Archived":
        yield f"The model card {call.get('ModelCardName')} is archived: it cannot change."


def _parameter(key: str) -> dict[str, Any]:
    place = "TemplateProviders[0].CfnTemplateProvider.Parameters[0]"
    return {**_TEMPLATE, f"{place}.Key": key, f"{place}.Value": "x"}


RULES = (
    exactly_one(
        "package-name-or-group",
        _CREATE,
        "ModelPackageGroupName",
        "ModelPackageName",
        source="CreateModelPackage, ModelPackageName and ModelPackageGroupName",
        fails={**_VERSION, "ModelPackageName": "churn"},
        passes=_VERSION,
    ),
    forbids(
        "package-version-tags",
        _CREATE,
        "ModelPackageGroupName",
        "Tags",
        source="CreateModelPackage, Tags",
        fails={**_VERSION, "Tags[0].Key": "team", "Tags[0].Value": "ml"},
        passes=_VERSION,
    ),
    exclusive(
        "package-specifications",
        _CREATE,
        "InferenceSpecification",
        "SourceAlgorithmSpecification",
        source="CreateModelPackage, SourceAlgorithmSpecification",
        fails={
            **_VERSION,
            "SourceAlgorithmSpecification.SourceAlgorithms[0].AlgorithmName": "algorithm",
        },
        passes=_VERSION,
    ),
    rule(
        "package-instance-types",
        _CREATE,
        "An unversioned model package lists its instance types for inference and transform.",
        _unversioned,
        source="InferenceSpecification, SupportedTransformInstanceTypes",
        fails={**_SPECIFICATION, "ModelPackageName": "churn"},
        passes={
            **_SPECIFICATION,
            "ModelPackageName": "churn",
            "InferenceSpecification.SupportedTransformInstanceTypes[0]": "ml.m5.large",
            "InferenceSpecification.SupportedRealtimeInferenceInstanceTypes[0]": "ml.m5.large",
        },
    ),
    unique(
        "package-additional-names",
        _CREATE,
        "AdditionalInferenceSpecifications",
        "Name",
        source="AdditionalInferenceSpecificationDefinition, Name",
        fails={
            **_VERSION,
            "AdditionalInferenceSpecifications[0].Name": "same",
            "AdditionalInferenceSpecifications[1].Name": "same",
        },
        passes={**_VERSION, "AdditionalInferenceSpecifications[0].Name": "gpu"},
    ),
    rule(
        "package-additional-number",
        "UpdateModelPackage",
        "A model package has at most 15 additional inference specifications.",
        _all_specifications,
        source=f"UpdateModelPackage, {_ADDED}",
        fails=Example(
            {"ModelPackageArn": _ARN, f"{_ADDED}[0].Name": "gpu"},
            {"DescribeModelPackage": {"AdditionalInferenceSpecifications": [{}] * 15}},
        ),
        passes=Example(
            {"ModelPackageArn": _ARN, f"{_ADDED}[0].Name": "gpu"},
            {"DescribeModelPackage": {"AdditionalInferenceSpecifications": [{}] * 14}},
        ),
    ),
    rule(
        "group-with-packages",
        "DeleteModelPackageGroup",
        "A model package group with model packages cannot be deleted.",
        _packages,
        source='"Delete a Model Group" in the Developer Guide',
        code="ConflictException",
        fails=Example(
            {"ModelPackageGroupName": "churn"},
            {"ListModelPackages": {"ModelPackageSummaryList": [{}]}},
        ),
        passes=Example(
            {"ModelPackageGroupName": "churn"},
            {"ListModelPackages": {"ModelPackageSummaryList": []}},
        ),
    ),
    exactly_one(
        "card-content-or-status",
        "UpdateModelCard",
        "Content",
        "ModelCardStatus",
        source="UpdateModelCard",
        fails={**_CARD, "Content": "{}", "ModelCardStatus": "Draft"},
        passes={**_CARD, "ModelCardStatus": "Draft"},
    ),
    rule(
        "card-archived",
        "UpdateModelCard",
        "An archived model card cannot be changed.",
        _no_change,
        source="CreateModelCard, ModelCardStatus",
        code="ConflictException",
        fails=Example(
            {**_CARD, "ModelCardStatus": "Draft"},
            {"DescribeModelCard": {"ModelCardStatus": "Archived"}},
        ),
        passes=Example(
            {**_CARD, "ModelCardStatus": "Draft"},
            {"DescribeModelCard": {"ModelCardStatus": "Approved"}},
        ),
    ),
    any_of(
        "hub-content-change",
        "UpdateHubContent",
        *_HUB_FIELDS,
        source="UpdateHubContent",
        fails={"HubContentType": "Model", "HubContentVersion": "1.0.0"},
        passes={
            "HubContentType": "Model",
            "HubContentVersion": "1.0.0",
            "HubContentDescription": "a model",
        },
    ),
    choice(
        "hub-reference-type",
        ("DeleteHubContentReference", "UpdateHubContentReference"),
        "HubContentType",
        ("ModelReference",),
        source="DeleteHubContentReference, HubContentType",
        fails={"HubContentType": "Model"},
        passes={"HubContentType": "ModelReference"},
    ),
    rule(
        "hub-versions",
        (
            "ImportHubContent",
            "DescribeHubContent",
            "UpdateHubContent",
            "DeleteHubContent",
            "ListHubContents",
            "ListHubContentVersions",
            "CreateHubContentReference",
            "UpdateHubContentReference",
        ),
        "Versions of hub contents and of their schema are three numbers, as 1.0.0.",
        lambda call: (
            f"{member} must be three numbers separated by dots, as 1.0.0; got {call.get(member)}."
            for member in _VERSIONS
            if call.get(member) and not _VERSION_NUMBER.fullmatch(call.get(member))
        ),
        source="ImportHubContent, HubContentVersion",
        fails={**_IMPORTED, "HubContentVersion": "1a0a0"},
        passes=_IMPORTED,
    ),
    exactly_one(
        "project-template",
        "CreateProject",
        "TemplateProviders",
        _PRODUCT,
        source="CreateProject, TemplateProviders",
        fails={**_TEMPLATE, f"{_PRODUCT}.ProductId": "prod-1"},
        passes=_TEMPLATE,
    ),
    rule(
        "project-parameters",
        ("CreateProject", "UpdateProject"),
        "SageMakerProjectName and SageMakerProjectId are set by SageMaker.",
        _parameters,
        source='"Create Custom Project Templates" in the Developer Guide',
        fails=_parameter("SageMakerProjectName"),
        passes=_parameter("Owner"),
    ),
)
