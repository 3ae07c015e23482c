"""Conditions of statements that set the approval of a model package.

SageMaker lets each caller of CreateModelPackage and UpdateModelPackage set `ModelApprovalStatus`,
and an approved package is deployed. A statement with one of these actions therefore carries one of
these conditions.

Source: "Actions, resources, and condition keys for Amazon SageMaker AI" in the service
authorization reference; "Staging Construct for your Model Lifecycle" in the Developer Guide.
"""

from collections.abc import Mapping
from typing import Any

_STATUS = "sagemaker:ModelApprovalStatus"

NO_APPROVAL: Mapping[str, Mapping[str, Any]] = {
    "StringEqualsIfExists": {_STATUS: "PendingManualApproval"}
}
"""For principals that register or change packages: no approval status, or pending.

A request without a status registers a version as pending.
"""

APPROVAL_ALONE: Mapping[str, Mapping[str, Any]] = {
    "StringEquals": {_STATUS: ["Approved", "Rejected"]},
    "Null": {
        "sagemaker:CustomerMetadataPropertiesToRemove": "true",
        "sagemaker:ModelLifeCycle:stage": "true",
        "sagemaker:ModelLifeCycle:stageStatus": "true",
    },
}
"""For principals that approve: a decision, without life cycle changes or removed metadata.

IAM has no condition key for the other members of UpdateModelPackage (the inference specification,
the model card, the source URI), and one for each key of the metadata, whose names are unknown.
CloudTrail records such requests.
"""
