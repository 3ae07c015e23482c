"""Rules of the requests of AWS KMS.

Sources name operations and shapes of the AWS KMS API Reference.
"""

import json
from collections.abc import Iterator, Mapping

from rehearsal.framework.rules.kinds import (
    bounded,
    choice,
    exactly_one,
    exclusive,
    forbids,
    matching,
    required,
    requires,
    rule,
    without,
)
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.rules.tagging import tag_rules
from rehearsal.ministack.request_rules import policy_documents
from rehearsal.ministack.request_rules.attribute_kinds import json_text, parsed

_ALIASES = ("CreateAlias", "UpdateAlias", "DeleteAlias")
_KEY = "11111111-1111-1111-1111-111111111111"
_POLICIES = ("CreateKey", "PutKeyPolicy", "ReplicateKey")
_MALFORMED = "MalformedPolicyDocumentException"
_STATEMENT = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": "*"}
_DIGESTS = {"SHA_256": 32, "SHA_384": 48, "SHA_512": 64, "SHAKE_256": 64}
_STORES = {"AWS_CLOUDHSM": "CustomKeyStoreId", "EXTERNAL_KEY_STORE": "CustomKeyStoreId"}
_IMPORT = {"KeyId": _KEY}


def _policy(*statements: Mapping[str, str]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]})


def _usages(spec: str) -> tuple[str, ...]:
    """Returns the usages of a key spec."""
    if spec == "SYMMETRIC_DEFAULT":
        return ("ENCRYPT_DECRYPT",)
    if spec.startswith("HMAC_"):
        return ("GENERATE_VERIFY_MAC",)
    if spec.startswith("RSA_"):
        return ("ENCRYPT_DECRYPT", "SIGN_VERIFY")
    if spec.startswith("ECC_NIST_P"):
        return ("SIGN_VERIFY", "KEY_AGREEMENT")
    if spec == "SM2":
        return ("ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT")
    return ("SIGN_VERIFY",)


def _usage(call: Call) -> Iterator[str]:
    spec = str(call.get("KeySpec") or call.get("CustomerMasterKeySpec") or "SYMMETRIC_DEFAULT")
    usage = call.get("KeyUsage")
    if usage is None and spec != "SYMMETRIC_DEFAULT":
        yield f"You must specify a KeyUsage value for the KeySpec {spec}."
    elif usage is not None and usage not in _usages(spec):
        yield f"KeyUsage {usage} is not compatible with KeySpec {spec}: {', '.join(_usages(spec))}."


def _store(call: Call) -> Iterator[str]:
    origin, store = call.get("Origin") or "AWS_KMS", call.get("CustomKeyStoreId")
    if bool(store) != (origin in _STORES):
        yield f"Origin {origin} and CustomKeyStoreId {store or 'none'} do not match."
    if store and call.get("MultiRegion"):
        yield "Multi-Region keys cannot be created in a custom key store."


def _external(call: Call) -> Iterator[str]:
    if bool(call.get("XksKeyId")) != (call.get("Origin") == "EXTERNAL_KEY_STORE"):
        yield "XksKeyId is required for the Origin EXTERNAL_KEY_STORE, and valid for no other."


def _principals(call: Call) -> Iterator[str]:
    for _, text in call.values("Policy"):
        yield from policy_documents.principal_problems(text)


def _structure(call: Call) -> Iterator[str]:
    for _, text in call.values("Policy"):
        if isinstance(parsed(text), dict):
            yield from policy_documents.structure_problems(text)
            yield from policy_documents.condition_problems(text)


def _digest(call: Call) -> Iterator[str]:
    if call.get("MessageType") != "DIGEST":
        return
    algorithm = str(call.get("SigningAlgorithm"))
    for name, length in _DIGESTS.items():
        if algorithm.endswith(name) and len(call.get("Message") or b"") != length:
            yield f"Digest is invalid length for algorithm {algorithm}: it has {length} bytes."


def _asymmetric(call: Call) -> Iterator[str]:
    algorithm = call.get("EncryptionAlgorithm") or "SYMMETRIC_DEFAULT"
    if call.get("EncryptionContext") and algorithm != "SYMMETRIC_DEFAULT":
        yield f"EncryptionContext is not supported with the algorithm {algorithm}."


def _retired(call: Call) -> Iterator[str]:
    token = bool(call.get("GrantToken"))
    named = [bool(call.get(name)) for name in ("KeyId", "GrantId")]
    if token == any(named) or (any(named) and not all(named)):
        yield "A grant is identified by its GrantToken, or by KeyId and GrantId."


RULES = Catalogue(
    "kms",
    bounded(
        "waiting-period",
        "ScheduleKeyDeletion",
        "PendingWindowInDays",
        7,
        30,
        source="ScheduleKeyDeletion, PendingWindowInDays: between 7 and 30, inclusive",
        fails={"KeyId": _KEY, "PendingWindowInDays": 6},
        passes={"KeyId": _KEY, "PendingWindowInDays": 7},
    ),
    matching(
        "alias-prefix",
        _ALIASES,
        "AliasName",
        "alias/.+",
        "begin with alias/ and a name",
        source="CreateAlias, AliasName: must begin with alias/ followed by a name",
        fails={"AliasName": "own", "TargetKeyId": _KEY},
        passes={"AliasName": "alias/own", "TargetKeyId": _KEY},
    ),
    without(
        "alias-of-aws",
        ("CreateAlias", "UpdateAlias"),
        "AliasName",
        "^alias/aws/",
        "begin with alias/aws/, which is reserved for AWS managed keys",
        source="CreateAlias, AliasName: the alias name cannot begin with alias/aws/",
        fails={"AliasName": "alias/aws/own", "TargetKeyId": _KEY},
        passes={"AliasName": "alias/own", "TargetKeyId": _KEY},
    ),
    without(
        "alias-of-alias",
        ("CreateAlias", "UpdateAlias"),
        "TargetKeyId",
        "(^|:)alias/",
        "be an alias: aliases refer to keys",
        source="CreateAlias, TargetKeyId: the key ID or key ARN of the KMS key",
        fails={"AliasName": "alias/own", "TargetKeyId": "alias/other"},
        passes={"AliasName": "alias/own", "TargetKeyId": _KEY},
    ),
    exclusive(
        "key-spec",
        "CreateKey",
        "KeySpec",
        "CustomerMasterKeySpec",
        source="CreateKey, CustomerMasterKeySpec: use the KeySpec parameter instead",
        fails={
            "KeyUsage": "SIGN_VERIFY",
            "KeySpec": "RSA_2048",
            "CustomerMasterKeySpec": "RSA_2048",
        },
        passes={"KeyUsage": "SIGN_VERIFY", "KeySpec": "RSA_2048"},
    ),
    rule(
        "key-usage",
        "CreateKey",
        "KeyUsage is one of the key spec, and is required for asymmetric and HMAC keys.",
        _usage,
        source="CreateKey, KeyUsage: select only one valid value",
        fails={"KeySpec": "HMAC_256", "KeyUsage": "SIGN_VERIFY"},
        passes={"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    ),
    rule(
        "key-store",
        "CreateKey",
        "Keys of the origins AWS_CLOUDHSM and EXTERNAL_KEY_STORE, and no others, have a "
        "CustomKeyStoreId, and no MultiRegion.",
        _store,
        source="CreateKey, CustomKeyStoreId",
        fails={"Origin": "AWS_CLOUDHSM"},
        passes={"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1"},
    ),
    rule(
        "external-key",
        "CreateKey",
        "XksKeyId is required for the origin EXTERNAL_KEY_STORE, and valid for no other.",
        _external,
        source="CreateKey, XksKeyId",
        fails={"XksKeyId": "own"},
        passes={
            "Origin": "EXTERNAL_KEY_STORE",
            "CustomKeyStoreId": "cks-1",
            "XksKeyId": "own",
        },
    ),
    json_text(
        "policy-json",
        _POLICIES,
        "Policy",
        accepts=lambda policy: isinstance(policy, dict),
        source="PutKeyPolicy, Policy; MalformedPolicyDocumentException",
        code=_MALFORMED,
        fails={"Policy": "all"},
        passes={"Policy": _policy(_STATEMENT)},
    ),
    rule(
        "policy-structure",
        _POLICIES,
        "A key policy has a valid version, statements, and operators that IAM documents.",
        _structure,
        source="PutKeyPolicy, Policy; MalformedPolicyDocumentException",
        code=_MALFORMED,
        fails={"Policy": '{"Version": "2012"}'},
        passes={"Policy": _policy(_STATEMENT)},
    ),
    rule(
        "policy-principals",
        _POLICIES,
        "Each statement in the key policy contains one or more principals.",
        _principals,
        source="PutKeyPolicy, Policy: each statement must contain one or more principals",
        code=_MALFORMED,
        fails={"Policy": _policy({k: v for k, v in _STATEMENT.items() if k != "Principal"})},
        passes={"Policy": _policy(_STATEMENT)},
    ),
    choice(
        "policy-name",
        ("PutKeyPolicy", "GetKeyPolicy"),
        "PolicyName",
        ("default",),
        source="PutKeyPolicy, PolicyName: the only valid value is default",
        code="NotFoundException",
        fails={"PolicyName": "own", "Policy": _policy(_STATEMENT)},
        passes={"PolicyName": "default", "Policy": _policy(_STATEMENT)},
    ),
    exactly_one(
        "data-key-length",
        ("GenerateDataKey", "GenerateDataKeyWithoutPlaintext"),
        "KeySpec",
        "NumberOfBytes",
        source="GenerateDataKey: either the KeySpec or the NumberOfBytes parameter, not both",
        fails={"KeyId": _KEY, "KeySpec": "AES_256", "NumberOfBytes": 32},
        passes={"KeyId": _KEY, "KeySpec": "AES_256"},
    ),
    rule(
        "encryption-context",
        ("Encrypt", "Decrypt"),
        "Only symmetric keys have an encryption context.",
        _asymmetric,
        source="Encrypt, EncryptionContext: valid only with a symmetric encryption KMS key",
        fails={
            "EncryptionAlgorithm": "RSAES_OAEP_SHA_256",
            "EncryptionContext.own": "context",
        },
        passes={"EncryptionContext.own": "context"},
    ),
    rule(
        "digest-length",
        ("Sign", "Verify"),
        "A digest has the length of its algorithm.",
        _digest,
        source="Sign, MessageType: the length must match the length of hashed messages",
        fails={
            "MessageType": "DIGEST",
            "SigningAlgorithm": "RSASSA_PSS_SHA_256",
            "Message": b"a",
        },
        passes={
            "MessageType": "DIGEST",
            "SigningAlgorithm": "RSASSA_PSS_SHA_256",
            "Message": b"a" * 32,
        },
    ),
    required(
        "random-length",
        "GenerateRandom",
        "NumberOfBytes",
        source="GenerateRandom, NumberOfBytes: this parameter is required",
        fails={},
        passes={"NumberOfBytes": 32},
    ),
    exclusive(
        "listed-grantee",
        "ListGrants",
        "GranteePrincipal",
        "GranteeServicePrincipal",
        source="ListGrants: either GranteePrincipal or GranteeServicePrincipal, but not both",
        fails={
            "GranteePrincipal": "own",
            "GranteeServicePrincipal": "lambda.amazonaws.com",
        },
        passes={"GranteePrincipal": "own"},
    ),
    bounded(
        "listed-grants",
        "ListGrants",
        "Limit",
        1,
        100,
        source="ListGrants, Limit: between 1 and 100, inclusive",
        fails={"Limit": 101},
        passes={"Limit": 100},
    ),
    exactly_one(
        "grantee",
        "CreateGrant",
        "GranteePrincipal",
        "GranteeServicePrincipal",
        source="CreateGrant, GranteePrincipal: the identity that gets the permissions",
        fails={},
        passes={"GranteePrincipal": "arn:aws:iam::111111111111:role/own"},
    ),
    exclusive(
        "retiring",
        "CreateGrant",
        "RetiringPrincipal",
        "RetiringServicePrincipal",
        source="CreateGrant, RetiringPrincipal",
        fails={
            "GranteePrincipal": "own",
            "RetiringPrincipal": "own",
            "RetiringServicePrincipal": "lambda.amazonaws.com",
        },
        passes={"GranteePrincipal": "own", "RetiringPrincipal": "own"},
    ),
    rule(
        "retired-grant",
        "RetireGrant",
        "A grant is identified by its token, or by KeyId and GrantId.",
        _retired,
        source="RetireGrant: identify the grant by a grant token, or both its ID and its key",
        fails={"GrantId": "own"},
        passes={"GrantToken": "own"},
    ),
    requires(
        "import-expiry",
        "ImportKeyMaterial",
        "ExpirationModel",
        "ValidTo",
        when="KEY_MATERIAL_EXPIRES",
        source="ImportKeyMaterial, ValidTo: required when the value is KEY_MATERIAL_EXPIRES",
        fails={**_IMPORT, "ExpirationModel": "KEY_MATERIAL_EXPIRES"},
        passes={**_IMPORT, "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"},
    ),
    forbids(
        "import-no-expiry",
        "ImportKeyMaterial",
        "ExpirationModel",
        "ValidTo",
        when="KEY_MATERIAL_DOES_NOT_EXPIRE",
        source="ImportKeyMaterial, ExpirationModel: you must omit the ValidTo parameter",
        fails={
            **_IMPORT,
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
            "ValidTo": 4102444800,
        },
        passes={**_IMPORT, "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"},
    ),
    forbids(
        "import-material-id",
        "ImportKeyMaterial",
        "ImportType",
        "KeyMaterialId",
        when="NEW_KEY_MATERIAL",
        source="ImportKeyMaterial, KeyMaterialId: not with ImportType NEW_KEY_MATERIAL",
        fails={**_IMPORT, "ImportType": "NEW_KEY_MATERIAL", "KeyMaterialId": "a" * 64},
        passes={**_IMPORT, "ImportType": "NEW_KEY_MATERIAL"},
    ),
    *tag_rules("kms", source="TagResource, Tags; Tag", code="TagException"),
)
