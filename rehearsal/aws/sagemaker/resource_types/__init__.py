"""CloudFormation types of SageMaker: which calls make, change and unmake them."""

from __future__ import annotations

from rehearsal.aws.resource_types import ResourceType
from rehearsal.aws.sagemaker.resource_types import (
    feature_store,
    hosting,
    monitoring,
    projects,
    registry,
    studio,
)

RESOURCE_TYPES: list[ResourceType] = [
    *feature_store.RESOURCE_TYPES,
    *hosting.RESOURCE_TYPES,
    *monitoring.RESOURCE_TYPES,
    *projects.RESOURCE_TYPES,
    *registry.RESOURCE_TYPES,
    *studio.RESOURCE_TYPES,
]
