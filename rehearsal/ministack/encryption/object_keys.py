"""KMS keys of objects: lookup, evaluation of key policy and IAM, and state.

S3 calls KMS with the credentials of its caller. Conditions see that as kms:ViaService,
kms:CallerAccount and the encryption context (the object's ARN, or the bucket's with a bucket key).

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""

import json
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import kms

from rehearsal.framework.platform import AwsError, Scope
from rehearsal.ministack.encryption.bucket_encryption import MANAGED_KEY
from rehearsal.ministack.encryption.key_tags import authorized_tags
from rehearsal.ministack.iam import identity
from rehearsal.ministack.request_scope import current_scope, in_scope

Key = Mapping[str, Any]

_EVERYTHING = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


def principal_of_key(access_key_id: str) -> Any:
    """Returns the principal of an access key, limited by its boundary and session policies."""
    account = identity.key_owner(access_key_id) or current_scope().account
    found = iam_evaluator.resolve_principal(access_key_id, account)
    if isinstance(found, iam_evaluator.AuthError):
        raise AwsError(found.code, found.message, 403)
    return found


def principal_named(arn: str) -> Any:
    """Returns the principal of an ARN, for calls in this process, which have no access key."""
    account = arn.split(":")[4]
    if arn.endswith(":root"):
        return iam_evaluator.PrincipalInfo(arn, "Root", account, None)
    policies, limits, keys = identity.policies_of(arn, account)
    kind = "User" if ":user/" in arn else "AssumedRole"
    return iam_evaluator.PrincipalInfo(arn, kind, account, policies, keys, list(limits))


def find_key(reference: str, account: str, region: str) -> Key:
    """Returns the key of an id, an alias or one of their ARNs.

    Ids and aliases without an account are looked up in `account`, the requester's, as in AWS.

    Raises:
        AwsError: KMS.NotFoundException, if there is no such key.
    """
    name = reference
    if reference.startswith("arn:"):
        parts = reference.split(":", 5)
        if len(parts) != 6 or parts[2] != "kms" or parts[3] != region:
            raise AwsError("KMS.NotFoundException", f"Invalid arn {reference}")
        account, name = parts[4], parts[5].removeprefix("key/")
    if name.startswith("alias/"):
        name = _aliased(name, account, region)
    found: Key | None = kms._keys.get_scoped(account, region, name)
    if found is None:
        arn = reference if reference.startswith("arn:") else _arn(account, region, f"key/{name}")
        raise AwsError("KMS.NotFoundException", f"Key '{arn}' does not exist")
    return found


def check_use(key: Key, action: str, principal: Any, *, region: str, context_arn: str) -> None:
    """Checks that a principal may use a key through S3, and that the key is usable.

    Args:
        key: a key of `find_key`.
        action: `kms:Decrypt` or `kms:GenerateDataKey`.
        principal: a principal of `principal_of_key` or `principal_named`.
        region: the region of the bucket.
        context_arn: aws:s3:arn of the encryption context.

    Raises:
        AwsError: IAM or the key policy denies the use, or the key is not enabled or not symmetric.
    """
    _authorize(key, action, principal, region, context_arn)
    arn, state = key["Arn"], key["KeyState"]
    if state == "Disabled":
        raise AwsError("KMS.DisabledException", f"{arn} is disabled.")
    if state != "Enabled":
        # PendingDeletion -> pending deletion, the words of KMS.
        words = "".join(f" {c.lower()}" if c.isupper() else c for c in state).strip()
        raise AwsError("KMS.KMSInvalidStateException", f"{arn} is {words}.")
    if key["KeySpec"] != "SYMMETRIC_DEFAULT":
        raise AwsError(
            "KMS.InvalidKeyUsageException",
            f"{arn} is a {key['KeySpec']} key: S3 takes symmetric encryption keys only.",
        )


def _authorize(key: Key, action: str, principal: Any, region: str, context_arn: str) -> None:
    arn, policies = key["Arn"], principal.policies
    if policies is None:  # the root of an account, which a key policy can omit
        policies = [iam_evaluator.parse_policy_document(_EVERYTHING)]
    context = iam_evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=arn,
        region=region,
        service_context=_condition_keys(key, principal, region, context_arn),
        principal_keys=principal.keys,
    )
    own = iam_evaluator.evaluate(context, policies, *principal.limits)
    result = iam_evaluator.combine_resource_policy(
        own, context, key["Policy"], arn.split(":")[4], required=True, limits=principal.limits
    )
    if result.decision == "Allow":
        return
    if result.decision == "Deny":
        kind = (
            "a resource-based policy" if result.resource_policy_arn else "an identity-based policy"
        )
        reason = f"with an explicit deny in {kind}"
    else:
        unlimited = iam_evaluator.evaluate(context, policies).decision
        reason = f"because no {_lacking(own.decision, unlimited)} allows the {action} action"
    raise AwsError(
        "AccessDenied",
        f"User: {principal.arn} is not authorized to perform: {action} on resource: {arn} {reason}",
        403,
    )


def _lacking(own: str, unlimited: str) -> str:
    if own == "Allow":
        return "resource-based policy"
    return (
        "permissions boundary or session policy"
        if unlimited == "Allow"
        else "identity-based policy"
    )


def _condition_keys(key: Key, principal: Any, region: str, context_arn: str) -> dict[str, Any]:
    tags = authorized_tags(key)
    return {
        "kms:viaservice": f"s3.{region}.amazonaws.com",
        "kms:calleraccount": principal.account,
        "kms:encryptioncontext:aws:s3:arn": context_arn,
        "kms:encryptioncontextkeys": ["aws:s3:arn"],
        "kms:resourcealiases": _aliases_of(key) or None,
        "aws:tagkeys": None,  # the request sets no tags
        **{f"aws:resourcetag/{name}".lower(): value for name, value in tags.items()},
    }


def _aliases_of(key: Key) -> list[str]:
    """Returns the names of the aliases of a key, such as `alias/churn`."""
    region, account = str(key["Arn"]).split(":")[3:5]
    with in_scope(Scope(account, region)):
        return [arn.rpartition(":")[2] for arn, one in kms._aliases.items() if one == key["KeyId"]]


def _aliased(alias: str, account: str, region: str) -> str:
    """Returns the key id of an alias. AWS creates the managed key of S3 at its first use."""
    arn = _arn(account, region, alias)
    found: str | None = kms._aliases.get_scoped(account, region, arn)
    if found is None and alias == MANAGED_KEY:
        found = _create_managed_key(account, region)
    if found is None:
        raise AwsError("KMS.NotFoundException", f"Alias {arn} is not found.")
    return found


def _create_managed_key(account: str, region: str) -> str:
    # The policy of aws/s3: a principal that may use S3 in the account may use the key through S3.
    through_s3 = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:DescribeKey",
        ],
        "Resource": "*",
        "Condition": {
            "StringEquals": {
                "kms:ViaService": f"s3.{region}.amazonaws.com",
                "kms:CallerAccount": account,
            }
        },
    }
    metadata = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*"],
        "Resource": "*",
    }
    policy = {"Version": "2012-10-17", "Statement": [through_s3, metadata]}
    request = {
        "Description": "Default key that protects my S3 objects when no other key is defined",
        "Policy": json.dumps(policy),
    }
    with in_scope(Scope(account, region)):
        key_id: str = json.loads(kms._create_key(request)[2])["KeyMetadata"]["KeyId"]
        kms._create_alias({"AliasName": MANAGED_KEY, "TargetKeyId": key_id})
    return key_id


def _arn(account: str, region: str, resource: str) -> str:
    return f"arn:aws:kms:{region}:{account}:{resource}"
