"""The feature group: created by the first build, extended by later ones."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError
from mlops_jobs.failure import InputError

from pipeline.features.schema_file import FeatureSchema
from pipeline.project import Project

MAX_ADDITIONS = 100  # features of one request
MAX_WAIT_SECONDS = 900
PREFIX = "features"


def group_name(project: Project, group: str) -> str:
    """Returns the name of a group of the project.

    Names of projects contain no underscore, so no group of another project has the same prefix.

    Args:
        project: resources of the project.
        group: name of the group in `config.yaml`.
    """
    return f"{project.project_name}_{group}"


def folder_uri(project: Project, group: str, part: str) -> str:
    """Returns the S3 URI of a part of a group: `store`, `ledger` or `rejected`.

    Args:
        project: resources of the project.
        group: name of the group in `config.yaml`.
        part: the part.
    """
    return f"s3://{project.artifact_bucket}/{PREFIX}/{group}/{part}"


class FeatureGroup:
    """The group of a schema.

    It has no table in the catalog of the account: that would need permissions on a database of all
    projects, and the pipeline reads the files of the offline store.

    Args:
        sagemaker: boto3 client of SageMaker.
        project: resources of the project.
        group: name of the group in `config.yaml`.
        schema: its features.
        sleep: waits for a number of seconds. Defaults to `time.sleep`.

    Source:
        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateFeatureGroup.html
        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateFeatureGroup.html
    """

    def __init__(
        self,
        sagemaker: Any,
        project: Project,
        group: str,
        schema: FeatureSchema,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sagemaker, self._project, self._schema = sagemaker, project, schema
        self._group, self._sleep = group, sleep
        self.name = group_name(project, group)

    def put(self) -> str:
        """Creates the group, or adds the new features of the schema to it.

        Returns:
            A line about what was done.

        Raises:
            InputError: the group exists and the schema changes more than it adds, the role of the
                build may not create groups, or the group cannot be created.
        """
        try:
            found = self._describe()
            if found is None:
                self._create()
                return f"created the feature group {self.name}"
            return self._extend(self._settled(found))
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("AccessDenied", "AccessDeniedException"):
                raise
            raise InputError(
                f"features: the project may not use the feature group {self.name}: ask the "
                "platform's engineers for `feature_store: true` of the project in its settings, "
                f"or remove features from config.yaml ({error.response['Error']['Message']})"
            ) from error

    def _describe(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._sagemaker.describe_feature_group(
                FeatureGroupName=self.name
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in ("ResourceNotFound", "ResourceNotFoundException"):
                return None
            raise
        page = found
        while page.get("NextToken"):  # present and empty on the last page
            page = self._sagemaker.describe_feature_group(
                FeatureGroupName=self.name, NextToken=page["NextToken"]
            )
            found["FeatureDefinitions"] += page["FeatureDefinitions"]
        return found

    def _create(self) -> None:
        key = self._project.artifact_key_arn
        request: dict[str, Any] = {
            "FeatureGroupName": self.name,
            "RecordIdentifierFeatureName": self._schema.record_identifier,
            "EventTimeFeatureName": self._schema.event_time,
            "FeatureDefinitions": _definitions(self._schema.types()),
            "OfflineStoreConfig": {
                "S3StorageConfig": {
                    "S3Uri": folder_uri(self._project, self._group, "store"),
                    "KmsKeyId": key,
                },
                "DisableGlueTableCreation": True,
                "TableFormat": "Glue",
            },
            "RoleArn": self._project.role_arn,
            "Description": f"Features of the project {self._project.project_name}",
            "Tags": self._project.tags,
        }
        if self._schema.online:
            request["OnlineStoreConfig"] = {
                "EnableOnlineStore": True,
                "SecurityConfig": {"KmsKeyId": key},
                **_time_to_live(self._schema.online_days),
            }
        self._sagemaker.create_feature_group(**request)
        self._settled(self._described())

    def _extend(self, found: Mapping[str, Any]) -> str:
        present = {one["FeatureName"]: one["FeatureType"] for one in found["FeatureDefinitions"]}
        wanted = self._schema.types()
        problems = self._problems(found, present, wanted)
        if problems:
            raise InputError(
                f"features/{self._group}.yaml: the feature group {self.name} exists, and AWS can "
                "only add features to a group:"
                + "".join(f"\n  - {problem}" for problem in problems)
                + "\nUndo these changes, or give the schema another file name, which creates "
                "another group."
            )
        added = [name for name in wanted if name not in present]
        for start in range(0, len(added), MAX_ADDITIONS):
            names = added[start : start + MAX_ADDITIONS]
            self._sagemaker.update_feature_group(
                FeatureGroupName=self.name,
                FeatureAdditions=_definitions({name: wanted[name] for name in names}),
            )
            self._settled(self._described())
        changes = [f"added {', '.join(added)} to"] if added else []
        if self._keep(found):
            changes.append("changed the time to live of")
        if changes:
            return f"{' and '.join(changes)} the feature group {self.name}"
        return f"the feature group {self.name} is up to date"

    def _keep(self, found: Mapping[str, Any]) -> bool:
        """Changes the time to live of records; returns False if it is that of the schema."""
        wanted = _time_to_live(self._schema.online_days)
        online = found.get("OnlineStoreConfig", {})
        if online.get("TtlDuration") == wanted.get("TtlDuration"):
            return False
        # A duration without a unit and a value removes it.
        self._sagemaker.update_feature_group(
            FeatureGroupName=self.name, OnlineStoreConfig={"TtlDuration": {}, **wanted}
        )
        self._settled(self._described())
        return True

    def _problems(
        self, found: Mapping[str, Any], present: Mapping[str, str], wanted: Mapping[str, str]
    ) -> list[str]:
        online = bool(found.get("OnlineStoreConfig", {}).get("EnableOnlineStore"))
        schema = self._schema
        values = [
            (
                "record_identifier",
                schema.record_identifier,
                found["RecordIdentifierFeatureName"],
            ),
            ("event_time", schema.event_time, found["EventTimeFeatureName"]),
            ("online", schema.online, online),
            *(
                (f"features.{name}", wanted[name], kind)
                for name, kind in present.items()
                if name in wanted
            ),
        ]
        changed = [
            f"{key}: got {_shown(key, value)}; allowed: {_shown(key, current)}"
            for key, value, current in values
            if value != current
        ]
        removed = [
            f"features: got no {name}; add it, with the type {kind.lower()}"
            for name, kind in present.items()
            if name not in wanted
        ]
        return changed + removed

    def _described(self) -> dict[str, Any]:
        found = self._describe()
        if found is None:
            raise InputError(f"the feature group {self.name} was deleted while it was built")
        return found

    def _settled(self, found: dict[str, Any]) -> dict[str, Any]:
        """Waits for the end of a creation or of an update."""
        waited = 0.0
        while _is_changing(found):
            if waited >= MAX_WAIT_SECONDS:
                raise InputError(
                    f"the feature group {self.name} is still {found['FeatureGroupStatus']} after "
                    f"{MAX_WAIT_SECONDS} seconds; start the build again when it has ended"
                )
            self._sleep(2)
            waited += 2
            found = self._described()
        update = found.get("LastUpdateStatus", {})
        if found["FeatureGroupStatus"] != "Created" or update.get("Status") == "Failed":
            reason = found.get("FailureReason") or update.get("FailureReason") or "no reason"
            status = found["FeatureGroupStatus"]
            raise InputError(
                f"the feature group {self.name} is {status}, not Created: {reason}. Delete a group "
                "that was not created, and start the build again"
            )
        return found


def _is_changing(found: Mapping[str, Any]) -> bool:
    updating = found.get("LastUpdateStatus", {}).get("Status") == "InProgress"
    return found["FeatureGroupStatus"] in ("Creating", "Deleting") or updating


def _time_to_live(days: int | None) -> dict[str, Any]:
    return {} if days is None else {"TtlDuration": {"Unit": "Days", "Value": days}}


def _definitions(types: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"FeatureName": name, "FeatureType": kind} for name, kind in types.items()]


def _shown(key: str, value: object) -> str:
    """Returns a value as the file has it: truth values and types are in lower case."""
    return str(value).lower() if key.partition(".")[0] in ("online", "features") else str(value)
