"""Feature groups as the train build of a project creates them."""

from collections.abc import Mapping, Sequence
from typing import Any


def feature_group(
    name: str, outputs: Mapping[str, str], role: str, features: Sequence[str]
) -> dict[str, Any]:
    """Returns the request for a group of strings with both stores.

    Args:
        name: name of the group.
        outputs: outputs of the project's stack.
        role: ARN of the role that writes the offline store.
        features: names of the features: the record identifier, the event time, and others.
    """
    key, bucket = outputs["ArtifactKeyArn"], outputs["ArtifactBucketName"]
    return {
        "FeatureGroupName": name,
        "RecordIdentifierFeatureName": features[0],
        "EventTimeFeatureName": features[1],
        "FeatureDefinitions": [{"FeatureName": one, "FeatureType": "String"} for one in features],
        "OnlineStoreConfig": {"EnableOnlineStore": True, "SecurityConfig": {"KmsKeyId": key}},
        "OfflineStoreConfig": {
            "S3StorageConfig": {"S3Uri": f"s3://{bucket}/features/{name}/store", "KmsKeyId": key},
            "DisableGlueTableCreation": True,
        },
        "RoleArn": role,
    }


def is_created(sagemaker: Any, name: str) -> bool:
    """Returns True if a group can be used."""
    found = sagemaker.describe_feature_group(FeatureGroupName=name)
    return bool(found["FeatureGroupStatus"] == "Created")
