"""Model cards: content, versions and review status."""

import json
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.framework.store import Store
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.names import known_name
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.registry.model_card_schema import check_content

KIND = "model-card"
CARDS = Listing(
    operation="ListModelCards",
    member="ModelCardSummaries",
    name="ModelCardName",
    equal={"ModelCardStatus": "ModelCardStatus"},
)
VERSIONS = Listing(
    operation="ListModelCardVersions",
    member="ModelCardVersionSummaryList",
    name="ModelCardName",
    equal={"ModelCardStatus": "ModelCardStatus"},
)
_METADATA = {
    "model_overview": ("model_id", "model_name"),
    "intended_uses": ("risk_rating",),
    "model_package_details": ("model_package_group_name", "model_package_arn"),
}


class ModelCards:
    """Create-, Update-, Describe-, List-, DeleteModelCard; ListModelCardVersions.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        #: The versions of each card by its name, oldest first.
        self._versions: Store[list[Record]] = Store()

    def create_model_card(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateModelCard", request)
        check_content(record["Content"])
        scope, name = context.scope, record["ModelCardName"]
        # SageMaker writes names in its ARNs in lower case.
        arn = scope.arn("sagemaker", f"{KIND}/{name.lower()}")
        self._check_key(
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
        with self._backend.lock:
            if name in self._backend.records.of(scope, KIND):
                message = f"A model card with the name {name} already exists."
                raise AwsError("ConflictException", message)
            self._backend.tag_new(context, arn, record.pop("Tags", ()))
            self._backend.records.of(scope, KIND)[name] = record
            self._versions.of(scope)[name] = [dict(record)]
        return {"ModelCardArn": arn}

    def update_model_card(self, request: Request, context: Context) -> Response:
        scope = context.scope
        card = self._find(scope, request["ModelCardName"], "UpdateModelCard")
        content, status = request.get("Content"), request.get("ModelCardStatus")
        if content is not None:
            check_content(content)
            self._check_key(context, card, "kms:GenerateDataKey", "kms:Decrypt")
        with self._backend.lock:
            versions = self._versions.of(scope)[card["ModelCardName"]]
            if content is not None:
                version = card["ModelCardVersion"] + 1
                card.update(Content=content, ModelCardVersion=version, LastModifiedTime=now())
                versions.append({**card, "CreationTime": now()})
            else:  # a change of the status creates no version
                card.update(ModelCardStatus=status, LastModifiedTime=now())
                versions[-1].update(ModelCardStatus=status, LastModifiedTime=now())
        return {"ModelCardArn": card["ModelCardArn"]}

    def describe_model_card(self, request: Request, context: Context) -> Response:
        scope = context.scope
        card = self._find(scope, request["ModelCardName"], "DescribeModelCard")
        wanted = request.get("ModelCardVersion", card["ModelCardVersion"])
        versions = self._versions_of(scope, card)
        found = [one for one in versions if one["ModelCardVersion"] == wanted]
        if not found:
            message = f"Model card {card['ModelCardName']} has no version {wanted}."
            raise AwsError("ResourceNotFound", message)
        response = self._backend.describe("DescribeModelCard", found[0])
        response["CreationTime"] = card["CreationTime"]
        if request.get("IncludedData") == "MetadataOnly":
            return {**response, "Content": _metadata(response["Content"])}
        self._check_key(context, card, "kms:Decrypt")
        return response

    def list_model_cards(self, request: Request, context: Context) -> Response:
        return CARDS.respond(self._backend.all(context.scope, KIND), request)

    def list_model_card_versions(self, request: Request, context: Context) -> Response:
        scope = context.scope
        card = self._find(scope, request["ModelCardName"], "ListModelCardVersions")
        # The API supports this order only.
        order = {**request, "SortBy": "ModelCardVersion"}
        return VERSIONS.respond(self._versions_of(scope, card), order)

    def delete_model_card(self, request: Request, context: Context) -> Response:
        scope = context.scope
        card = self._find(scope, request["ModelCardName"], "DeleteModelCard")
        name = card["ModelCardName"]
        with self._backend.lock:
            self._backend.remove(scope, KIND, name, card["ModelCardArn"])
            self._versions.of(scope).pop(name, None)
        return {}

    def _versions_of(self, scope: Scope, card: Record) -> list[Record]:
        with self._backend.lock:
            return list(self._versions.of(scope).get(card["ModelCardName"], ()))

    def _find(self, scope: Scope, name_or_arn: str, operation: str) -> Record:
        with self._backend.lock:
            name = known_name(name_or_arn, KIND, self._backend.records.of(scope, KIND))
        message = f"Could not find model card {name}."
        return self._backend.find(scope, KIND, name, operation=operation, message=message)

    def _check_key(self, context: Context, card: Record, *actions: str) -> None:
        """Checks that the caller may perform actions on the key of the content."""
        key = card.get("SecurityConfig", {}).get("KmsKeyId")
        self._backend.check_key(context, key, *actions)


def _metadata(text: str) -> str:
    """Returns the part of a content that callers see without permission to decrypt it."""
    content = json.loads(text)
    shown: dict[str, Any] = {}
    for section, names in _METADATA.items():
        given = content.get(section, {})
        if found := {name: given[name] for name in names if name in given}:
            shown[section] = found
    return json.dumps(shown)
