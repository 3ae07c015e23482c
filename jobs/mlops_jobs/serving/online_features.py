"""Look-up of features that a request omits, in the online store of a feature group.

The variable `ONLINE_FEATURES` of the container names the group and the features. A request may then
omit these columns if its rows have names and the column with the record identifier. Containers with
network isolation cannot reach the online store.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature-store_BatchGetRecord.html
    https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-time-to-live.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from mlops_jobs.aws import client, region_of_container
from mlops_jobs.failure import InputError

VARIABLE = "ONLINE_FEATURES"
MAX_IDENTIFIERS = 100  # of one request for a group
_MAX_CONNECTIONS = 32  # threads of one worker process
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[A-Za-z0-9_+=,.@/-]+")
_MIN_TIMEOUT_MS, _MAX_TIMEOUT_MS = 10, 30_000

Reaction = Literal["empty", "reject"]


class LookupFailedError(Exception):
    """A look-up that failed; the caller may try again."""


@dataclass(frozen=True, kw_only=True)
class OnlineFeatures:
    """Features of a group, and the reaction if they cannot be found.

    Args:
        group: name of the feature group.
        entity: column of requests with the record identifier.
        features: features that are looked up, at least one.
        missing: `reject` rejects a row without a record; `empty` predicts it with empty features.
            Defaults to `empty`. An expired record counts as missing.
        unavailable: `reject` responds with status 503 if the store does not respond in time;
            `empty` predicts with empty features. Defaults to `reject`.
        timeout_ms: time in milliseconds that a call to the store may take, 10 to 30000. Defaults to
            500.
        role: ARN of a role in the account of the group, which containers in other accounts and
            Regions assume to read it. Defaults to "": containers read it with their role.
        region: Region of the group. Defaults to "": that of the container.
    """

    group: str
    entity: str
    features: tuple[str, ...]
    missing: Reaction = "empty"
    unavailable: Reaction = "reject"
    timeout_ms: int = 500
    role: str = ""
    region: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "OnlineFeatures | None":
        """Reads `ONLINE_FEATURES`; None if it is not set.

        Args:
            environment: environment variables of the container.

        Raises:
            InputError: the variable is malformed.
        """
        text = environment.get(VARIABLE, "")
        if not text:
            return None
        try:
            document = json.loads(text)
            found = cls(**{**document, "features": tuple(document["features"])})
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(
                f"{VARIABLE}: got {text[:200]!r} ({error}); allowed: a JSON object with group, "
                "entity, features, and missing, unavailable, timeout_ms, role, "
                "region"
            ) from error
        found._validate()
        return found

    def _validate(self) -> None:
        problems = [
            f"{key}: got {value!r}; allowed: text"
            for key, value in (("group", self.group), ("entity", self.entity))
            if not isinstance(value, str) or not value
        ]
        if not self.features or not all(isinstance(name, str) for name in self.features):
            problems.append(f"features: got {list(self.features)}; allowed: at least one name")
        problems += [
            f"{key}: got {value!r}; allowed: empty, reject"
            for key, value in (("missing", self.missing), ("unavailable", self.unavailable))
            if value not in ("empty", "reject")
        ]
        if type(self.timeout_ms) is not int or not (
            _MIN_TIMEOUT_MS <= self.timeout_ms <= _MAX_TIMEOUT_MS
        ):
            problems.append(
                f"timeout_ms: got {self.timeout_ms!r}; allowed: {_MIN_TIMEOUT_MS} to "
                f"{_MAX_TIMEOUT_MS}"
            )
        if self.role and not (isinstance(self.role, str) and _ROLE.fullmatch(self.role)):
            problems.append(
                f"role: got {self.role!r}; allowed: the ARN of a role, such as "
                "arn:aws:iam::111111111111:role/reader"
            )
        if not isinstance(self.region, str):
            problems.append(f"region: got {self.region!r}; allowed: text, such as eu-central-1")
        if problems:
            raise InputError(f"{VARIABLE}: " + "; ".join(problems))

    @property
    def account(self) -> str:
        """Account of the group; empty for that of the container."""
        return self.role.split(":")[4] if self.role else ""


class FeatureLookup:
    """Looks features up.

    Args:
        online: the features.

    Raises:
        InputError: the container has no Region, or its account cannot be determined.
    """

    def __init__(self, online: OnlineFeatures) -> None:
        from botocore.config import Config

        self._online = online
        seconds = online.timeout_ms / 1000
        # The caller waits, so there is no time for a retry. The client is made before the first
        # request, because boto3's session is not safe for threads.
        self._client = client(
            "sagemaker-featurestore-runtime",
            Config(
                connect_timeout=seconds,
                read_timeout=seconds,
                retries={"mode": "standard", "total_max_attempts": 1},
                max_pool_connections=_MAX_CONNECTIONS,
            ),
            role=online.role if _is_elsewhere(online) else "",
            region=online.region,
        )

    def look_up(self, identifiers: Sequence[Any]) -> dict[str, list[str | None]]:
        """Returns the values of each feature for each record identifier, None for a missing one.

        Args:
            identifiers: record identifiers of rows, as strings or numbers.

        Raises:
            InputError: a row has no identifier, or no record, and `missing` is `reject`.
            LookupFailedError: the store does not respond, and `unavailable` is `reject`.
        """
        texts = [_text(value) for value in identifiers]
        wanted = list(dict.fromkeys(text for text in texts if text))
        records: dict[str, dict[str, str]] = {}
        try:
            for start in range(0, len(wanted), MAX_IDENTIFIERS):
                records |= self._records(wanted[start : start + MAX_IDENTIFIERS])
        except LookupFailedError as error:
            print(f"features of {self._online.group} are unavailable: {error}", flush=True)
            if self._online.unavailable == "reject":
                raise
            records = {text: {} for text in wanted}
        if self._online.missing == "reject":
            for number, text in enumerate(texts, start=1):
                if text not in records:
                    raise InputError(
                        f"row {number}, column {self._online.entity!r}: got {text[:200]!r}, which "
                        f"has no record in {self._online.group}; send the columns "
                        f"{', '.join(self._online.features)}"
                    )
        return {
            name: [records.get(text, {}).get(name) for text in texts]
            for name in self._online.features
        }

    def _records(self, identifiers: Sequence[str]) -> dict[str, dict[str, str]]:
        from botocore.exceptions import BotoCoreError, ClientError

        found: dict[str, dict[str, str]] = {}
        asked = [
            {
                "FeatureGroupName": self._online.group,
                "RecordIdentifiersValueAsString": list(identifiers),
                "FeatureNames": list(self._online.features),
            }
        ]
        # Identifiers that AWS did not process are sent once more.
        for _ in range(2):
            try:
                # AWS deletes expired records within days, so their time is compared here.
                response = self._client.batch_get_record(
                    Identifiers=asked, ExpirationTimeResponse="Enabled"
                )
            except (BotoCoreError, ClientError) as error:
                raise LookupFailedError(str(error)) from error
            if response["Errors"]:
                first = response["Errors"][0]
                raise LookupFailedError(f"{first['ErrorCode']}: {first['ErrorMessage']}")
            for record in response["Records"]:
                if _is_expired(record):
                    continue
                found[record["RecordIdentifierValueAsString"]] = {
                    one["FeatureName"]: one["ValueAsString"]
                    for one in record["Record"]
                    if "ValueAsString" in one
                }
            asked = response["UnprocessedIdentifiers"]
            if not asked:
                return found
        raise LookupFailedError("AWS did not process all record identifiers")


def _is_expired(record: Mapping[str, Any]) -> bool:
    """Returns True if the time to live of a record is over; the time is in ISO 8601."""
    expires_at = record.get("ExpiresAt")
    if not expires_at:
        return False
    moment = datetime.fromisoformat(expires_at)
    return moment.replace(tzinfo=moment.tzinfo or UTC) <= datetime.now(UTC)


def _is_elsewhere(online: OnlineFeatures) -> bool:
    """Returns True if the group is in another account or Region than the container."""
    if online.region and online.region != region_of_container():
        return True
    return bool(online.role) and _account() != online.account


def _account() -> str:
    """Returns the account of the container."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return str(client("sts").get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise InputError(
            f"{VARIABLE}: role: the account of this container is unknown, because AWS STS does not "
            f"respond ({error}); a network needs an endpoint for STS"
        ) from error


def _text(value: Any) -> str:
    """Returns an identifier as Feature Store has it: 7 for the number 7.0, "" for a missing one."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
