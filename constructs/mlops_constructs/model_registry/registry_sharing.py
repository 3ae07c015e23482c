"""Sharing of a model package group with other accounts."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs._problems import is_known
from mlops_constructs.access._model_approval import APPROVAL_ALONE, NO_APPROVAL

from ._store_sharing import share_image, share_key, share_model_data

READ_ACTIONS = (
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListModelPackages",
)
_ACCOUNT = re.compile(r"\d{12}")
# A policy has at most 20,480 characters; an account needs about 50 in each of four statements.
_MAX_ACCOUNTS = 100
_MAX_PRINCIPALS = 40  # a principal has a statement of about 400 characters


@dataclass(frozen=True, kw_only=True)
class RegistrySharing:
    """Other accounts that may use the versions of a group, by permission.

    The permissions trust the whole account: its administrator decides which roles may use them, for
    example with `grant_deploy` on the group imported by its ARN.

    Args:
        read: ids of accounts that may list and read versions. Defaults to no accounts.
        deploy: ids of accounts that may read versions and create models from them. Defaults to no
            accounts.
        approve: ids of accounts that may read versions and approve or reject them. Defaults to no
            accounts.
        register: ids of accounts that may read versions and add new ones, which need an approval,
            for training in separate accounts. Those accounts share their buckets and repositories
            with the accounts that deploy. Defaults to no accounts.
        deploy_principals: principals of other accounts, such as single roles, that may describe
            versions and create models from them, and nothing else of the group. Defaults to none.

    Source: "Cross-account access to a model package group" and "Register a Model Version from a
    Different Account" in SageMaker's developer guide.

    Example:
        ```python
        RegistrySharing(deploy=["222222222222", "333333333333"])
        ```
    """

    read: Sequence[str] = ()
    deploy: Sequence[str] = ()
    approve: Sequence[str] = ()
    register: Sequence[str] = ()
    deploy_principals: Sequence[iam.IPrincipal] = ()

    def problems(self, own_account: str) -> list[str]:
        """Validates the account ids; returns one message per problem.

        Args:
            own_account: account id of the group.
        """
        found = []
        for level, accounts in self._levels():
            known = [account for account in accounts if is_known(account)]
            found += [
                f"sharing {level}: got {account!r}; allowed is an account id of 12 digits"
                for account in known
                if not _ACCOUNT.fullmatch(account)
            ]
            found += [
                f"sharing {level}: got {account} more than once; remove the duplicates"
                for account in dict.fromkeys(known)
                if known.count(account) > 1
            ]
            if own_account in known:
                found.append(
                    f"sharing {level}: got {own_account}, the account of the group; remove it: its "
                    f"roles need an identity policy only, see grant_{level}"
                )
        count = len(self.accounts()) + len(self.deploy_principals)
        if not count:
            found.append("sharing: got no account; give an account id or remove sharing")
        if count > _MAX_ACCOUNTS:
            found.append(
                f"sharing: got {count} accounts; the policy has room for {_MAX_ACCOUNTS}; deploy "
                "from fewer accounts, or copy versions to a second group"
            )
        if len(self.deploy_principals) > _MAX_PRINCIPALS:
            found.append(
                f"sharing deploy_principals: got {len(self.deploy_principals)}; the policy has "
                f"room for {_MAX_PRINCIPALS}; share with accounts instead"
            )
        return found

    def accounts(self) -> list[str]:
        """Returns all account ids, each once."""
        return list(dict.fromkeys(chain.from_iterable(found for _, found in self._levels())))

    def policy(self, group_arn: str, version_arns: str) -> iam.PolicyDocument:
        """Returns the resource policy of a group.

        Args:
            group_arn: ARN of the group.
            version_arns: ARN of all versions, with a wildcard.
        """
        statements = [
            _statement("Read", self.accounts(), READ_ACTIONS, [group_arn, version_arns]),
            _statement("Deploy", self.deploy, ["sagemaker:CreateModel"], [version_arns]),
            _statement(
                "Approve",
                self.approve,
                ["sagemaker:UpdateModelPackage"],
                [version_arns],
                conditions=APPROVAL_ALONE,
            ),
            _statement(
                "Register",
                self.register,
                ["sagemaker:CreateModelPackage"],
                [version_arns],
                conditions=NO_APPROVAL,
            ),
        ]
        # Principals with conditions cannot share a statement.
        statements += [
            iam.PolicyStatement(
                principals=[principal],
                actions=["sagemaker:CreateModel", "sagemaker:DescribeModelPackage"],
                resources=[version_arns],
            )
            for principal in self.deploy_principals
        ]
        return iam.PolicyDocument(statements=[found for found in statements if found is not None])

    def share_model_data(self, bucket: s3.IBucket, prefix: str) -> list[str]:
        """Allows the deploying accounts to read model data; returns one message per problem.

        Args:
            bucket: bucket of the model data.
            prefix: prefix of the model data.
        """
        return share_model_data(bucket, prefix, _principals(self.deploy))

    def share_image(self, repository: ecr.IRepository) -> list[str]:
        """Allows the deploying accounts to pull images; returns one message per problem.

        Args:
            repository: repository of the images.
        """
        return share_image(repository, _principals(self.deploy))

    def share_key(self, key: kms.IKey) -> list[str]:
        """Allows the deploying accounts to decrypt with a key; returns one message per problem.

        Args:
            key: key of the model data.
        """
        return share_key(key, _principals(self.deploy))

    def _levels(self) -> Iterable[tuple[str, Sequence[str]]]:
        return (
            ("read", self.read),
            ("deploy", self.deploy),
            ("approve", self.approve),
            ("register", self.register),
        )


def _statement(
    sid: str,
    accounts: Sequence[str],
    actions: Sequence[str],
    resources: Sequence[str],
    *,
    conditions: Mapping[str, Mapping[str, Any]] | None = None,
) -> iam.PolicyStatement | None:
    if not accounts:
        return None
    return iam.PolicyStatement(
        sid=sid,
        principals=_principals(accounts),
        actions=list(actions),
        resources=list(resources),
        conditions=conditions,
    )


def _principals(accounts: Sequence[str]) -> list[iam.IPrincipal]:
    return [iam.AccountPrincipal(account) for account in accounts]
