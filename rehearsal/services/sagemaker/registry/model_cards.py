"""Model cards: their content, its versions, and their review."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import ControlPlane
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.names import known_name
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.registry.model_card_schema import check_content

KIND = "model-card"
CARDS = Listing(
    operation="ListModelCards",
    member="ModelCardSummaries",
    name="ModelCardName",
)
VERSIONS = Listing(
    operation="ListModelCardVersions",
    member="ModelCardVersionSummaryList",
    name="ModelCardName",
)
_METADATA = {
    "model_overview": ("model_id", "model_name"),
    "intended_uses": ("risk_rating",),
    "model_package_details": ("model_package_group_name", "model_package_arn"),
}


class ModelCards(ControlPlane):
    """Create-, Update-, Describe-, List-, DeleteModelCard; ListModelCardVersions."""

    def create_model_card(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateModelCard", request)
        check_content(record["Content"])
        scope, name = context.scope, record["ModelCardName"]
        # SageMaker writes names in its ARNs in lower case.
        arn = scope.arn("sagemaker", f"{KIND}/{name.lower()}")
        self._check_card_key(
            context, record, "kms:DescribeKey", "kms:GenerateDataKey", "kms:CreateGrant"
        )
        moment = now()
        record |= {
            "ModelCardArn": arn,
            "ModelCardVersion": 1,
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "CreatedBy": {},
            "LastModifiedBy": {},
        }
        with self.lock:
            if name in self.records.of(scope, KIND):
                message = f"A model card with the name {name} already exists."
                raise AwsError("ConflictException", message)
            self.tag_new(context, arn, record.pop("Tags", ()))
            record["_versions"] = [dict(record)]
            self.records.of(scope, KIND)[name] = record
        return {"ModelCardArn": arn}

    def update_model_card(self, request: Request, context: Context) -> Response:
        card = self._card(context.scope, request["ModelCardName"], "UpdateModelCard")
        content, status = request.get("Content"), request.get("ModelCardStatus")
        if (content is None) == (status is None):
            message = "Give exactly one of Content and ModelCardStatus in a single call."
            raise AwsError("ValidationException", message)
        if content is not None:
            check_content(content)
            self._check_card_key(context, card, "kms:GenerateDataKey", "kms:Decrypt")
        with self.lock:
            if card["ModelCardStatus"] == "Archived":
                message = f"The model card {card['ModelCardName']} is archived: it cannot change."
                raise AwsError("ConflictException", message)
            # A change of the status makes no version of its own.
            versions = card["_versions"]
            if content is not None:
                version = card["ModelCardVersion"] + 1
                card.update(Content=content, ModelCardVersion=version, LastModifiedTime=now())
                shown = {name: value for name, value in card.items() if name != "_versions"}
                card["_versions"] = [*versions, {**shown, "CreationTime": now()}]
            else:
                card.update(ModelCardStatus=status, LastModifiedTime=now())
                latest = {**versions[-1], "ModelCardStatus": status, "LastModifiedTime": now()}
                card["_versions"] = [*versions[:-1], latest]
        return {"ModelCardArn": card["ModelCardArn"]}

    def describe_model_card(self, request: Request, context: Context) -> Response:
        card = self._card(context.scope, request["ModelCardName"], "DescribeModelCard")
        wanted = request.get("ModelCardVersion", card["ModelCardVersion"])
        found = [known for known in card["_versions"] if known["ModelCardVersion"] == wanted]
        if not found:
            message = f"Model card {card['ModelCardName']} has no version {wanted}."
            raise AwsError("ResourceNotFound", message)
        answer = self.describe("DescribeModelCard", found[0])
        answer["CreationTime"] = card["CreationTime"]
        if request.get("IncludedData") == "MetadataOnly":
            return {**answer, "Content": _metadata(answer["Content"])}
        self._check_card_key(context, card, "kms:Decrypt")
        return answer

    def list_model_cards(self, request: Request, context: Context) -> Response:
        with self.lock:
            cards = _of_status(list(self.records.of(context.scope, KIND).values()), request)
            return CARDS.respond(cards, request)

    def list_model_card_versions(self, request: Request, context: Context) -> Response:
        card = self._card(context.scope, request["ModelCardName"], "ListModelCardVersions")
        # SortBy knows one value alone.
        order = {**request, "SortBy": "ModelCardVersion"}
        return VERSIONS.respond(_of_status(card["_versions"], request), order)

    def delete_model_card(self, request: Request, context: Context) -> Response:
        card = self._card(context.scope, request["ModelCardName"], "DeleteModelCard")
        with self.lock:
            self.records.of(context.scope, KIND).pop(card["ModelCardName"], None)
        self.drop_tags(card["ModelCardArn"])
        return {}

    def _card(self, scope: Scope, name_or_arn: str, operation: str) -> Record:
        with self.lock:
            name = known_name(name_or_arn, KIND, self.records.of(scope, KIND))
        message = f"Could not find model card {name}."
        return self.find(scope, KIND, name, operation=operation, message=message)

    def _check_card_key(self, context: Context, card: Record, *actions: str) -> None:
        """What the caller must be allowed on the key of the content."""
        key = card.get("SecurityConfig", {}).get("KmsKeyId")
        if not key:
            return
        client = self.service_session(context.scope).client("kms")
        try:
            arn = client.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
        except ClientError as error:
            reason = error.response["Error"]["Message"]
            message = f"The KMS key {key} cannot be used: {reason}"
            raise AwsError("ValidationException", message) from None
        for action in actions:
            self.authorize_caller(context, action, arn)


def _of_status(cards: list[Record], request: Mapping[str, Any]) -> list[Record]:
    wanted = request.get("ModelCardStatus")
    return [card for card in cards if wanted in (None, card["ModelCardStatus"])]


def _metadata(text: str) -> str:
    """What may be shown of a content to who cannot decrypt it."""
    content = json.loads(text)
    shown: dict[str, Any] = {}
    for section, names in _METADATA.items():
        given = content.get(section, {})
        if found := {name: given[name] for name in names if name in given}:
            shown[section] = found
    return json.dumps(shown)
