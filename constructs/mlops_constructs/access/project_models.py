"""Models of a project, which people read and training alone writes."""

from __future__ import annotations

from .permission import Permission
from .persona import Persona
from .project_reach import ProjectReach


def models_to_read(reach: ProjectReach, persona: Persona) -> list[Permission]:
    """What those who work may do with model artifacts: what people write is not deployed."""
    bucket, prefixes = reach.project.bucket, list(reach.project.model_prefixes)
    if bucket is None or not prefixes or not persona.works:
        return []
    return [
        Permission(
            actions=["s3:GetObject"],
            resources=[bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes],
            because="keys below the prefixes are not known beforehand",
        ),
        Permission(
            actions=["s3:ListBucket"],
            resources=[bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
        ),
    ]
