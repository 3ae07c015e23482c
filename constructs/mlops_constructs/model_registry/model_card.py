"""Model cards: documentation of models for approval and use."""

import enum
import json
import re
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems

from . import _content_rules
from .model_card_content import ModelCardContent

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
_MAX_CONTENT_LENGTH = 100_000


class ModelCardStatus(enum.StrEnum):
    """The status of a card's review; an archived card is immutable."""

    DRAFT = "Draft"
    PENDING_REVIEW = "PendingReview"
    APPROVED = "Approved"
    ARCHIVED = "Archived"


class ModelCardBase(cdk.Resource):
    """A model card, owned or imported: its permissions.

    Attributes:
        model_card_name: name of the card.
        model_card_arn: ARN of the card.
        encryption_key: customer managed key of the content; None for an AWS owned key.
    """

    model_card_name: str
    model_card_arn: str

    encryption_key: kms.IKey | None = None

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal permissions to read the card and its versions.

        Args:
            grantee: principal.

        Example:
            ```python
            ModelCard.from_model_card_name(stack, "Card", "churn").grant_read(role)
            ```
        """
        return self._grant(
            grantee,
            ["sagemaker:DescribeModelCard", "sagemaker:ListModelCardVersions"],
            ["kms:Decrypt"],
        )

    def grant_update(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal permissions to read the card, and to change its content and status.

        Args:
            grantee: principal.

        Example:
            ```python
            ModelCard.from_model_card_name(stack, "Card", "churn").grant_update(role)
            ```
        """
        return self._grant(
            grantee,
            [
                "sagemaker:DescribeModelCard",
                "sagemaker:ListModelCardVersions",
                "sagemaker:UpdateModelCard",
            ],
            ["kms:Decrypt", "kms:GenerateDataKey"],
        )

    def _grant(
        self, grantee: iam.IGrantable, actions: list[str], key_actions: list[str]
    ) -> iam.Grant:
        granted = iam.Grant.add_to_principal(
            grantee=grantee, actions=actions, resource_arns=[self.model_card_arn]
        )
        if self.encryption_key is None:
            return granted
        return granted.combine(
            iam.Grant.add_to_principal(
                grantee=grantee,
                actions=key_actions,
                resource_arns=[self.encryption_key.key_arn],
            )
        )


class ModelCard(ModelCardBase):
    """Defines a model card.

    A change of the content creates a new version of the card; a change of the name or the key
    replaces the card.

    Args:
        content: content of the card.
        status: status of its review. Defaults to `ModelCardStatus.DRAFT`.
        model_card_name: name of the card, 1 to 63 characters. Defaults to None: a name generated
            from the construct's path.
        encryption_key: key of the content. Defaults to None: an AWS owned key.
        removal_policy: policy for the card when it is removed from the stack. Defaults to
            `RETAIN_ON_UPDATE_OR_DELETE`: the card is kept with its versions.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

    Source: CreateModelCard of SageMaker's API reference.

    Example:
        ```python
        ModelCard(
            stack,
            "Card",
            content=ModelCardContent(model_overview=ModelOverview(model_name="churn")),
            status=ModelCardStatus.PENDING_REVIEW,
            encryption_key=key,
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        content: ModelCardContent,
        status: ModelCardStatus = ModelCardStatus.DRAFT,
        model_card_name: str | None = None,
        encryption_key: kms.IKey | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id, physical_name=model_card_name)
        rendered = _content_rules.render(content)
        problems = Problems("ModelCard", self)
        problems.extend(_name_problems(model_card_name))
        problems.extend(_content_rules.problems(content, ""))
        problems.extend(_size_problems(self.stack.resolve(rendered)))
        problems.extend(region_problems(self, "AWS::SageMaker::ModelCard"))
        problems.raise_if_any()
        name = model_card_name or cdk.Names.unique_resource_name(self, max_length=63, separator="-")
        self.model_card_name = name
        self.model_card_arn = _arn(self, name)
        self.encryption_key = encryption_key
        security = sagemaker.CfnModelCard.SecurityConfigProperty
        resource = sagemaker.CfnModelCard(
            self,
            "Resource",
            model_card_name=name,
            model_card_status=str(status),
            content=sagemaker.CfnModelCard.ContentProperty(),
            security_config=security(kms_key_id=encryption_key.key_arn) if encryption_key else None,
        )
        # The level-1 construct requires lists of axis names; the schema allows a text for graphs.
        resource.add_property_override("Content", rendered)
        resource.apply_removal_policy(removal_policy)

    @staticmethod
    def from_model_card_name(
        scope: Construct,
        construct_id: str,
        model_card_name: str,
        *,
        encryption_key: kms.IKey | None = None,
    ) -> ModelCardBase:
        """Imports an existing card of this account and region.

        Args:
            scope: parent of the construct.
            construct_id: id of the construct within the scope.
            model_card_name: name of the card.
            encryption_key: key of its content, which readers need. Defaults to None: an AWS owned
                key.

        Example:
            ```python
            ModelCard.from_model_card_name(stack, "Card", "churn", encryption_key=key)
            ```
        """
        return _ImportedModelCard(
            scope, construct_id, model_card_name, encryption_key=encryption_key
        )


class _ImportedModelCard(ModelCardBase):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        model_card_name: str,
        *,
        encryption_key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, construct_id, physical_name=model_card_name)
        self.model_card_name = model_card_name
        self.model_card_arn = _arn(self, model_card_name)
        self.encryption_key = encryption_key


def _arn(card: ModelCardBase, name: str) -> str:
    return cdk.Stack.of(card).format_arn(
        service="sagemaker",
        resource="model-card",
        # SageMaker writes names in its ARNs in lower case.
        resource_name=name.lower() if is_known(name) else name,
    )


def _name_problems(name: str | None) -> list[str]:
    if name is None or not is_known(name) or _NAME.fullmatch(name):
        return []
    return [
        f"model_card_name: got {name!r} ({len(name)} characters); allowed are 1 to 63 letters, "
        "digits and hyphens, with a letter or digit first and last"
    ]


def _size_problems(resolved: Any) -> list[str]:
    size = len(json.dumps(resolved))
    if size <= _MAX_CONTENT_LENGTH:
        return []
    return [
        f"content: got {size} characters as JSON; allowed are {_MAX_CONTENT_LENGTH}; move details "
        "to a document and refer to it in custom_details"
    ]
