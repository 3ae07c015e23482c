"""Who may set the approval of a model package: conditions of CreateModelPackage and Update.

SageMaker lets each caller of either action set `ModelApprovalStatus`, and an approved package is
deployed. So a statement with one of these actions carries one of these conditions.

Source: "Actions, resources, and condition keys for Amazon SageMaker AI" in the service
authorization reference; "Staging Construct for your Model Lifecycle" in the Developer Guide.
"""

from collections.abc import Mapping
from typing import Any

_STATUS = "sagemaker:ModelApprovalStatus"

NO_APPROVAL: Mapping[str, Mapping[str, Any]] = {
    "StringEqualsIfExists": {_STATUS: "PendingManualApproval"}
}
"""For those who register or change packages: the approval stays out, or pending.

A request that leaves the status out registers a version as pending.
"""

APPROVAL_ALONE: Mapping[str, Mapping[str, Any]] = {
    "StringEquals": {_STATUS: ["Approved", "Rejected"]},
    "Null": {
        "sagemaker:CustomerMetadataPropertiesToRemove": "true",
        "sagemaker:ModelLifeCycle:stage": "true",
        "sagemaker:ModelLifeCycle:stageStatus": "true",
    },
}
"""For those who approve: a decision, and no change of life cycle, and no metadata removed.

IAM has no condition key for the other members of UpdateModelPackage (the inference specification,
the model card, the source URI), and one for each key of the metadata, whose names it does not know.
CloudTrail records a request that has them together with the decision.
"""
