"""Descriptions and parameters of single features.

Source: UpdateFeatureMetadata and DescribeFeatureMetadata in the API reference.
"""

from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.feature_store.feature_groups import KIND as GROUP
from rehearsal.services.sagemaker.feature_store.feature_groups import METADATA
from rehearsal.services.sagemaker.names import known_name
from rehearsal.services.sagemaker.records import Record, now

MAX_PARAMETERS = 25


class FeatureMetadata:
    """DescribeFeatureMetadata and UpdateFeatureMetadata.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def describe_feature_metadata(self, request: Request, context: Context) -> Response:
        feature = self._find(request, context.scope, "DescribeFeatureMetadata")
        return self._backend.describe("DescribeFeatureMetadata", feature)

    def update_feature_metadata(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdateFeatureMetadata", request)
        with self._backend.lock:
            feature = self._find(given, context.scope, "UpdateFeatureMetadata")
            removed = set(given.get("ParameterRemovals", ()))
            parameters = {one["Key"]: one["Value"] for one in feature.get("Parameters", ())}
            kept = {key: value for key, value in parameters.items() if key not in removed}
            kept |= {one["Key"]: one["Value"] for one in given.get("ParameterAdditions", ())}
            if len(kept) > MAX_PARAMETERS:
                message = f"A feature has at most {MAX_PARAMETERS} parameters; got {len(kept)}."
                raise AwsError("ValidationException", message)
            metadata: Record = {
                "Parameters": [{"Key": key, "Value": value} for key, value in kept.items()],
                "LastModifiedTime": now(),
            }
            described = given.get("Description", feature.get("Description"))
            if described is not None:
                metadata["Description"] = described
            known = self._backend.records.of(context.scope, METADATA)
            features = known.setdefault(feature["FeatureGroupName"], {})
            features[feature["FeatureName"]] = metadata
        return {}

    def all(self, scope: Scope) -> list[Record]:
        """Returns the features of all groups with their metadata, as Search shows them."""
        with self._backend.lock:
            groups = self._backend.all(scope, GROUP)
            return [
                self._feature(scope, group, definition)
                for group in groups
                for definition in group["FeatureDefinitions"]
            ]

    def _find(self, request: Request, scope: Scope, operation: str) -> Record:
        given, name = request["FeatureGroupName"], request["FeatureName"]
        with self._backend.lock:
            groups = self._backend.records.of(scope, GROUP)
            key = known_name(given, GROUP, groups)
        message = f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {key}"
        group = self._backend.find(scope, GROUP, key, operation=operation, message=message)
        for definition in group["FeatureDefinitions"]:
            if definition["FeatureName"] == name:
                return self._feature(scope, group, definition)
        message = f"Feature {name} of FeatureGroup {key} does not exist."
        raise AwsError("ResourceNotFound", message)

    def _feature(self, scope: Scope, group: Record, definition: dict[str, Any]) -> Record:
        feature: Record = {
            "FeatureGroupArn": group["FeatureGroupArn"],
            "FeatureGroupName": group["FeatureGroupName"],
            "FeatureName": definition["FeatureName"],
            "FeatureType": definition["FeatureType"],
            "CreationTime": group["CreationTime"],
            "LastModifiedTime": group["CreationTime"],
        }
        features = self._backend.records.of(scope, METADATA).get(group["FeatureGroupName"], {})
        metadata: Record = features.get(definition["FeatureName"], {})
        return {**feature, **metadata}
