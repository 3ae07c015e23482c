"""Which other accounts may use a group of the registry, and for what."""

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

READ_ACTIONS = (
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListModelPackages",
)
_ACCOUNT = re.compile(r"\d{12}")
# A policy has at most 20,480 characters; an account takes about 50 in each of four statements.
_MOST_ACCOUNTS = 100


@dataclass(frozen=True, kw_only=True)
class RegistrySharing:
    """Other accounts, as their 12-digit ids, by what they may do with the versions of a group.

    The account is trusted as a whole: an administrator there says which of its roles may use the
    permission, for instance with `grant_deploy` on the group imported by its ARN.

    Args:
        read: may list and read versions.
        deploy: may read versions and make models of them.
        approve: may read versions, and approve or reject them.
        register: may read versions and add new ones, which wait for an approval, for training in
            accounts of its own. Those accounts share their stores with whoever deploys.

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

    def problems(self, own_account: str) -> list[str]:
        """What AWS would refuse, or what would be without effect."""
        found = []
        for level, accounts in self._levels():
            known = [account for account in accounts if is_known(account)]
            found += [
                f"sharing {level}: got {account!r}; allowed is the id of an account, 12 digits"
                for account in known
                if not _ACCOUNT.fullmatch(account)
            ]
            found += [
                f"sharing {level}: got {account} more than once; name it once"
                for account in dict.fromkeys(known)
                if known.count(account) > 1
            ]
            if own_account in known:
                found.append(
                    f"sharing {level}: got {own_account}, the group's own account; leave it out: "
                    f"its roles need an identity policy alone, see grant_{level}"
                )
        count = len(self.accounts())
        if not count:
            found.append("sharing: got no account; name one, or leave sharing out")
        if count > _MOST_ACCOUNTS:
            found.append(
                f"sharing: got {count} accounts; the policy has room for {_MOST_ACCOUNTS}; deploy "
                "from fewer accounts, or copy versions to a second group"
            )
        return found

    def accounts(self) -> list[str]:
        """All accounts, each once."""
        return list(dict.fromkeys(chain.from_iterable(found for _, found in self._levels())))

    def policy(self, group_arn: str, version_arns: str) -> iam.PolicyDocument:
        """The resource policy of a group."""
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
        return iam.PolicyDocument(statements=[found for found in statements if found is not None])

    def share_model_data(self, bucket: s3.IBucket, prefix: str) -> list[str]:
        """Lets the deploying accounts read model data; what could not be done."""
        statements = [
            iam.PolicyStatement(
                principals=_principals(self.deploy),
                actions=["s3:GetObject"],
                resources=[bucket.arn_for_objects(f"{prefix}*")],
            ),
            iam.PolicyStatement(
                principals=_principals(self.deploy),
                actions=["s3:ListBucket"],
                resources=[bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": f"{prefix}*"}},
            ),
        ]
        results = [bucket.add_to_resource_policy(statement) for statement in statements]
        return [] if all(result.statement_added for result in results) else [_imported("bucket")]

    def share_image(self, repository: ecr.IRepository) -> list[str]:
        """Lets the deploying accounts pull the images; what could not be done."""
        statement = iam.PolicyStatement(
            principals=_principals(self.deploy),
            actions=[
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
        )
        added = repository.add_to_resource_policy(statement).statement_added
        return [] if added else [_imported("repository")]

    def share_key(self, key: kms.IKey) -> list[str]:
        """Lets the deploying accounts decrypt what the key encrypts; what could not be done."""
        statement = iam.PolicyStatement(
            principals=_principals(self.deploy),
            actions=["kms:Decrypt", "kms:DescribeKey"],
            resources=["*"],  # in a key's policy: that key
        )
        added = key.add_to_resource_policy(statement).statement_added
        return [] if added else [_imported("key")]

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


def _imported(store: str) -> str:
    return (
        f"share_stores: got an imported {store}, whose policy is not this app's; share it where it "
        "is defined"
    )
