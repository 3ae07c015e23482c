"""Rules of the requests of AWS IAM and AWS STS.

Sources name operations and shapes of the API references, and pages of the IAM User Guide.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from rehearsal.framework.rules.kinds import (
    matching,
    requires,
    rule,
    sized,
    without,
)
from rehearsal.framework.rules.rule import Call, Catalogue, Rule
from rehearsal.framework.rules.tagging import reserved_tag_rule
from rehearsal.ministack.request_rules import policy_documents
from rehearsal.ministack.request_rules.attribute_kinds import json_text, parsed

_MALFORMED = "MalformedPolicyDocument"
_IDENTITY = (
    "CreatePolicy",
    "CreatePolicyVersion",
    "PutRolePolicy",
    "PutUserPolicy",
    "PutGroupPolicy",
)
_TRUST = ("CreateRole", "UpdateAssumeRolePolicy")
_DOCUMENTS = "PolicyDocument|AssumeRolePolicyDocument"
_ATTACHING = ("AttachRolePolicy", "AttachUserPolicy", "AttachGroupPolicy")
_BOUNDARIES = (
    "PutRolePermissionsBoundary",
    "PutUserPermissionsBoundary",
    "CreateRole",
    "CreateUser",
)
_SIMULATIONS = ("SimulateCustomPolicy", "SimulatePrincipalPolicy")
_POLICY_ARN = r"arn:aws[\w-]*:iam::(aws|\d{12}):policy/.+"
_MANAGED = "arn:aws:iam::111111111111:policy/own"
_ROLE = "arn:aws:iam::111111111111:role/own"
_ACTIONS_OF_STS = re.compile(r"sts:(AssumeRole\w*|TagSession|SetSourceIdentity|SetContext|[*?\w]+)")
_QUOTAS = {
    "CreatePolicy": 6_144,
    "CreatePolicyVersion": 6_144,
    "PutRolePolicy": 10_240,
    "PutUserPolicy": 2_048,
    "PutGroupPolicy": 5_120,
}
_STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
_TRUSTED = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"Service": "lambda.amazonaws.com"},
}


def _policy(*statements: dict[str, Any], **elements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements], **elements})


def _changed(base: dict[str, Any], **elements: Any) -> dict[str, Any]:
    return {name: value for name, value in {**base, **elements}.items() if value is not None}


_PASSES = {"PolicyDocument": _policy(_STATEMENT)}
_TRUST_PASSES = {"AssumeRolePolicyDocument": _policy(_TRUSTED)}


def _documents(problems: Callable[[Any], Iterator[str]]) -> Callable[[Call], Iterator[str]]:
    def check(call: Call) -> Iterator[str]:
        for _, text in call.values(_DOCUMENTS):
            yield from problems(text)

    return check


def _identity(name: str, text: str, problems: Any, source: str, document: str) -> Rule:
    return rule(
        name,
        _IDENTITY,
        text,
        _documents(problems),
        source=f"IAM User Guide, {source}",
        code=_MALFORMED,
        fails={"PolicyDocument": document},
        passes=_PASSES,
    )


def _trust(name: str, text: str, problems: Any, source: str, document: str) -> Rule:
    return rule(
        name,
        _TRUST,
        text,
        _documents(problems),
        source=f"IAM User Guide, {source}",
        code=_MALFORMED,
        fails={"AssumeRolePolicyDocument": document},
        passes=_TRUST_PASSES,
    )


def _principal(document: Any) -> Iterator[str]:
    for one in policy_documents.statements(document):
        if "Principal" in one or "NotPrincipal" in one:
            yield "Policy document should not specify a principal."


def _trusted_actions(document: Any) -> Iterator[str]:
    for one in policy_documents.statements(document):
        for action in policy_documents.listed(one.get("Action", one.get("NotAction", []))):
            if not _ACTIONS_OF_STS.fullmatch(str(action)) and action != "*":
                yield "AssumeRole policy may only specify STS AssumeRole actions."


def _trusted_resources(document: Any) -> Iterator[str]:
    for one in policy_documents.statements(document):
        if "Resource" in one or "NotResource" in one:
            yield "Has prohibited field Resource."


def _quota(call: Call) -> Iterator[str]:
    limit = _QUOTAS[call.operation]
    text = re.sub(r"\s", "", str(call.get("PolicyDocument") or ""))
    if len(text) > limit:
        yield f"Cannot exceed quota for PolicySize: {limit}"


def _trust_quota(call: Call) -> Iterator[str]:
    text = re.sub(r"\s", "", str(call.get(_DOCUMENTS) or ""))
    if len(text) > 4_096:
        yield "Cannot exceed quota for ACLSizePerRole: 4096"


def _same_keys(call: Call) -> Iterator[str]:
    keys = [str(key).lower() for _, key in call.values("Tags[].Key")]
    if repeated := sorted({key for key in keys if keys.count(key) > 1}):
        yield f"Duplicate tag keys found; keys are not case-sensitive: {', '.join(repeated)}."


def _provider_url(call: Call) -> Iterator[str]:
    if not str(call.get("Url") or "").startswith("https://"):
        yield f"Invalid Open ID Connect Provider URL {call.get('Url')}: it must begin with https://."


def _caller(call: Call) -> Iterator[str]:
    arn = str(call.get("CallerArn") or "")
    if arn and not re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:(user|role|group|root).*", arn):
        yield f"Invalid Entity Arn: {arn} does not clearly define entity type and name."


def _accounts_of_policies(call: Call) -> Iterator[str]:
    account = str(call.get("RoleArn") or "::::").split(":")[4]
    for _, arn in call.values("PolicyArns[].arn"):
        owner = str(arn).split(":")[4] if str(arn).count(":") >= 5 else ""
        if owner not in ("aws", account):
            yield f"The managed policy {arn} is not in the account of the role, {account}."


def _session_size(call: Call) -> Iterator[str]:
    size = len(str(call.get("Policy") or "")) + sum(
        len(str(arn)) for _, arn in call.values("PolicyArns[].arn")
    )
    if size > 2_048:
        yield f"The session policies have {size} characters, at most 2,048 are allowed."


IDENTITIES = Catalogue(
    "iam",
    _identity(
        "policy-structure",
        "A policy is JSON with a valid version and statements.",
        policy_documents.structure_problems,
        "Grammar of the IAM JSON policy language",
        _policy(_STATEMENT, Version="2012-10-18"),
    ),
    _identity(
        "policy-statement",
        "A statement has an effect, and either Action or NotAction.",
        policy_documents.statement_problems,
        "Grammar of the IAM JSON policy language",
        _policy(_changed(_STATEMENT, Effect="allow")),
    ),
    _identity(
        "policy-principal",
        "Identity-based policies have no principal.",
        _principal,
        "AWS JSON policy elements: Principal",
        _policy(_changed(_STATEMENT, Principal="*")),
    ),
    _identity(
        "policy-action",
        "Actions have the prefix of a service.",
        policy_documents.action_problems,
        "IAM JSON policy elements: Action",
        _policy(_changed(_STATEMENT, Action="GetObject")),
    ),
    _identity(
        "policy-resource",
        "Statements of identity-based policies have resources, which are ARNs or *.",
        policy_documents.resource_problems,
        "IAM JSON policy elements: Resource",
        _policy(_changed(_STATEMENT, Resource="bucket/*")),
    ),
    _identity(
        "policy-sid",
        "Ids of statements are unique in a policy and alphanumeric.",
        policy_documents.sid_problems,
        "IAM JSON policy elements: Sid",
        _policy({**_STATEMENT, "Sid": "one"}, {**_STATEMENT, "Sid": "one"}),
    ),
    _identity(
        "policy-condition",
        "Operators of conditions are those that IAM documents.",
        policy_documents.condition_problems,
        "IAM JSON policy elements: Condition operators",
        _policy({**_STATEMENT, "Condition": {"StringIs": {"aws:PrincipalTag/a": "b"}}}),
    ),
    rule(
        "policy-size",
        tuple(_QUOTAS),
        "Managed policies have at most 6,144 characters, inline policies of roles 10,240, of "
        "groups 5,120 and of users 2,048, without white space.",
        _quota,
        source="IAM User Guide, IAM and AWS STS quotas: IAM entity character limits",
        code="LimitExceeded",
        fails={"PolicyDocument": _policy({**_STATEMENT, "Resource": f"arn:{'a' * 6_144}"})},
        passes=_PASSES,
    ),
    _trust(
        "trust-structure",
        "A trust policy is JSON with a valid version and statements.",
        policy_documents.structure_problems,
        "Grammar of the IAM JSON policy language",
        "{}",
    ),
    _trust(
        "trust-statement",
        "A statement has an effect, and either Action or NotAction.",
        policy_documents.statement_problems,
        "Grammar of the IAM JSON policy language",
        _policy(_changed(_TRUSTED, Action=None)),
    ),
    _trust(
        "trust-principal",
        "Statements of trust policies have a principal.",
        policy_documents.principal_problems,
        "AWS JSON policy elements: Principal",
        _policy(_changed(_TRUSTED, Principal=None)),
    ),
    _trust(
        "trust-action",
        "Trust policies have actions of STS only.",
        _trusted_actions,
        "Roles terms and concepts: trust policy",
        _policy({**_TRUSTED, "Action": "s3:GetObject"}),
    ),
    _trust(
        "trust-resource",
        "Trust policies have no resource.",
        _trusted_resources,
        "IAM JSON policy elements: Resource",
        _policy({**_TRUSTED, "Resource": "*"}),
    ),
    _trust(
        "trust-condition",
        "Operators of conditions are those that IAM documents.",
        policy_documents.condition_problems,
        "IAM JSON policy elements: Condition operators",
        _policy({**_TRUSTED, "Condition": {"Equals": {"aws:SourceAccount": "1"}}}),
    ),
    rule(
        "trust-size",
        _TRUST,
        "Trust policies have at most 4,096 characters, the largest quota, without white space.",
        _trust_quota,
        source="IAM User Guide, IAM and AWS STS quotas: role trust policy length",
        code="LimitExceeded",
        fails={
            "AssumeRolePolicyDocument": _policy(
                {**_TRUSTED, "Principal": {"Service": "a" * 4_096}},
            )
        },
        passes=_TRUST_PASSES,
    ),
    matching(
        "attached-policy",
        _ATTACHING,
        "PolicyArn",
        _POLICY_ARN,
        "be the ARN of a managed policy",
        source="AttachRolePolicy, PolicyArn",
        code="InvalidInput",
        fails={"PolicyArn": _ROLE},
        passes={"PolicyArn": _MANAGED},
    ),
    matching(
        "permissions-boundary",
        _BOUNDARIES,
        "PermissionsBoundary",
        _POLICY_ARN,
        "be the ARN of a managed policy",
        source="CreateRole, PermissionsBoundary: the ARN of the managed policy",
        code="InvalidInput",
        fails={"PermissionsBoundary": _ROLE},
        passes={"PermissionsBoundary": _MANAGED},
    ),
    rule(
        "provider-url",
        "CreateOpenIDConnectProvider",
        "The URL of a provider begins with https://.",
        _provider_url,
        source="CreateOpenIDConnectProvider, Url",
        code="InvalidInput",
        fails={"Url": "http://example.com"},
        passes={"Url": "https://example.com"},
    ),
    sized(
        "provider-clients",
        "CreateOpenIDConnectProvider",
        "ClientIDList",
        None,
        100,
        source="CreateOpenIDConnectProvider, ClientIDList: no more than 100 client IDs",
        code="LimitExceeded",
        fails={"Url": "https://a.b", **{f"ClientIDList[{n}]": str(n) for n in range(101)}},
        passes={"Url": "https://a.b", "ClientIDList[0]": "own"},
    ),
    sized(
        "provider-thumbprints",
        ("CreateOpenIDConnectProvider", "UpdateOpenIDConnectProviderThumbprint"),
        "ThumbprintList",
        None,
        5,
        source="CreateOpenIDConnectProvider, ThumbprintList: up to five thumbprints",
        code="LimitExceeded",
        fails={"Url": "https://a.b", **{f"ThumbprintList[{n}]": f"{n:040}" for n in range(6)}},
        passes={"Url": "https://a.b", "ThumbprintList[0]": "a" * 40},
    ),
    matching(
        "simulated-actions",
        _SIMULATIONS,
        "ActionNames[]",
        r"(\*|[\w-]+:.+)",
        "include the identifier of the service, such as iam:CreateUser",
        source="SimulatePrincipalPolicy, ActionNames",
        code="InvalidInput",
        fails={"ActionNames[0]": "CreateUser"},
        passes={"ActionNames[0]": "iam:CreateUser"},
    ),
    requires(
        "simulated-caller",
        "SimulateCustomPolicy",
        "ResourcePolicy",
        "CallerArn",
        source="SimulateCustomPolicy, CallerArn: required if you include a ResourcePolicy",
        code="InvalidInput",
        fails={"ResourcePolicy": "{}", "ActionNames[0]": "iam:CreateUser"},
        passes={
            "ResourcePolicy": "{}",
            "CallerArn": "arn:aws:iam::111111111111:user/own",
            "ActionNames[0]": "iam:CreateUser",
        },
    ),
    rule(
        "simulated-caller-kind",
        _SIMULATIONS,
        "CallerArn is not the ARN of an assumed role, a federated user or a service.",
        _caller,
        source="SimulatePrincipalPolicy, CallerArn",
        code="InvalidInput",
        fails={
            "CallerArn": "arn:aws:sts::111111111111:assumed-role/own/session",
            "ActionNames[0]": "iam:CreateUser",
        },
        passes={
            "CallerArn": "arn:aws:iam::111111111111:user/own",
            "ActionNames[0]": "iam:CreateUser",
        },
    ),
    rule(
        "tag-keys",
        ("TagRole", "TagPolicy", "TagUser", "TagInstanceProfile", "CreateRole", "CreatePolicy"),
        "Keys of tags are unique, whatever their case.",
        _same_keys,
        source="IAM User Guide, Rules for tagging in IAM and AWS STS: case sensitivity",
        code="InvalidInput",
        fails={
            "Tags[0].Key": "Team",
            "Tags[0].Value": "a",
            "Tags[1].Key": "team",
            "Tags[1].Value": "b",
        },
        passes={"Tags[0].Key": "Team", "Tags[0].Value": "a"},
    ),
    reserved_tag_rule(
        "iam", source="IAM User Guide, Rules for tagging in IAM and AWS STS", code="InvalidInput"
    ),
    error="ValidationError",
)

SESSIONS = Catalogue(
    "sts",
    matching(
        "role-arn",
        ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"),
        "RoleArn",
        r"arn:aws[\w-]*:iam::\d{12}:role/.+",
        "be the ARN of a role",
        source="AssumeRole, RoleArn: the ARN of the role to assume",
        fails={"RoleArn": "arn:aws:iam::111111111111:user/own"},
        passes={"RoleArn": _ROLE},
    ),
    json_text(
        "session-policy",
        ("AssumeRole", "GetFederationToken", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"),
        "Policy",
        accepts=lambda policy: isinstance(policy, dict),
        source="AssumeRole, Policy: an IAM policy in JSON format",
        code=_MALFORMED,
        fails={"RoleArn": _ROLE, "Policy": "allow"},
        passes={"RoleArn": _ROLE, "Policy": _policy(_STATEMENT)},
    ),
    rule(
        "session-policy-structure",
        ("AssumeRole", "GetFederationToken", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"),
        "A session policy has a valid version and statements.",
        lambda call: (
            problem
            for _, text in call.values("Policy")
            if isinstance(parsed(text), dict)
            for problem in (
                *policy_documents.structure_problems(text),
                *policy_documents.statement_problems(text),
            )
        ),
        source="AssumeRole, Policy; MalformedPolicyDocumentException",
        code=_MALFORMED,
        fails={"RoleArn": _ROLE, "Policy": '{"Statement": []}'},
        passes={"RoleArn": _ROLE, "Policy": _policy(_STATEMENT)},
    ),
    rule(
        "session-policy-size",
        ("AssumeRole", "GetFederationToken", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"),
        "Inline and managed session policies have at most 2,048 characters.",
        _session_size,
        source="AssumeRole, Policy: the plaintext can't exceed 2,048 characters",
        fails={
            "RoleArn": _ROLE,
            "Policy": _policy({**_STATEMENT, "Resource": f"arn:{'a' * 2_048}"}),
        },
        passes={"RoleArn": _ROLE, "Policy": _policy(_STATEMENT)},
    ),
    sized(
        "session-policies",
        ("AssumeRole", "GetFederationToken", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"),
        "PolicyArns",
        None,
        10,
        source="AssumeRole, PolicyArns: up to 10 managed policy ARNs",
        fails={"RoleArn": _ROLE, **{f"PolicyArns[{n}].arn": _MANAGED for n in range(11)}},
        passes={"RoleArn": _ROLE, "PolicyArns[0].arn": _MANAGED},
    ),
    rule(
        "session-policy-account",
        "AssumeRole",
        "Managed session policies are in the account of the role.",
        _accounts_of_policies,
        source="AssumeRole, PolicyArns: the policies must exist in the same account as the role",
        fails={
            "RoleArn": _ROLE,
            "PolicyArns[0].arn": "arn:aws:iam::222222222222:policy/other",
        },
        passes={"RoleArn": _ROLE, "PolicyArns[0].arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
    ),
    rule(
        "session-tag-keys",
        ("AssumeRole", "GetFederationToken"),
        "Keys of session tags are unique, whatever their case.",
        _same_keys,
        source="AssumeRole, Tags: you cannot have separate Department and department tag keys",
        code="InvalidParameterValue",
        fails={
            "RoleArn": _ROLE,
            "Tags[0].Key": "Department",
            "Tags[0].Value": "a",
            "Tags[1].Key": "department",
            "Tags[1].Value": "b",
        },
        passes={"RoleArn": _ROLE, "Tags[0].Key": "Department", "Tags[0].Value": "a"},
    ),
    without(
        "session-tag-prefix",
        ("AssumeRole", "GetFederationToken"),
        "Tags[].Key",
        "(?i)^aws:",
        "begin with aws:, which AWS reserves",
        source="IAM User Guide, Pass session tags in AWS STS",
        code="InvalidParameterValue",
        fails={"RoleArn": _ROLE, "Tags[0].Key": "aws:team", "Tags[0].Value": "a"},
        passes={"RoleArn": _ROLE, "Tags[0].Key": "team", "Tags[0].Value": "a"},
    ),
    error="ValidationError",
)
