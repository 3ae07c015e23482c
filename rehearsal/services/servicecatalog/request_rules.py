"""Rules of Service Catalog's requests, beyond the models.

Sources name operations and shapes of the AWS Service Catalog API Reference.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from rehearsal.framework.rules.kinds import (
    choice,
    exactly_one,
    exclusive,
    rule,
)
from rehearsal.framework.rules.rule import Call, Catalogue, Example, Rule
from rehearsal.framework.rules.tagging import tag_rules

_CONSTRAINTS = ("CreateConstraint", "UpdateConstraint")
_TYPES = ("LAUNCH", "NOTIFICATION", "RESOURCE_UPDATE", "STACKSET", "TEMPLATE")
_PATTERN = re.compile(r"arn:[\w-]+:iam:::[\w+=,.@*?/-]+")
_PREFERENCES = "ProvisioningPreferences"
_PRODUCT = {"ProductId": "prod-abcdefghijklm"}
_ARTIFACT = {"ProvisioningArtifactId": "pa-abcdefghijklm"}
_PROVISIONED = {"ProvisionedProductId": "pp-abcdefghijklm"}
_NEW = {**_PRODUCT, **_ARTIFACT, "ProvisionedProductName": "churn"}
_LAUNCH = {
    "PortfolioId": "port-abcdefghijklm",
    **_PRODUCT,
    "Type": "LAUNCH",
    "Parameters": json.dumps({"RoleArn": "arn:aws:iam::111111111111:role/launch"}),
}
_PORTFOLIO = {"PortfolioId": "port-abcdefghijklm"}


def _named(name: str, operation: str, by_id: str, by_name: str, given: dict[str, Any]) -> Rule:
    """Returns the rule that a resource is given by its id or by its name."""
    return exactly_one(
        name,
        operation,
        by_id,
        by_name,
        source=f"{operation}, {by_id} and {by_name}",
        fails={k: v for k, v in given.items() if k != by_id},
        passes=given,
    )


def _parameters(call: Call) -> Any:
    try:
        return json.loads(call.get("Parameters") or "{}")
    except ValueError:
        return None


def _json(call: Call) -> Iterator[str]:
    if not isinstance(_parameters(call), dict):
        yield "Parameters of a constraint must be JSON."


def _launch_role(call: Call) -> Iterator[str]:
    parameters = _parameters(call)
    if call.get("Type") == "LAUNCH" and isinstance(parameters, dict):
        given = [name for name in ("RoleArn", "LocalRoleName") if name in parameters]
        if len(given) != 1:
            yield (
                "Parameters of a LAUNCH constraint have either RoleArn or LocalRoleName; got "
                f"{' and '.join(given) or 'none'}."
            )


def _principal(call: Call) -> Iterator[str]:
    arn, kind = str(call.get("PrincipalARN")), call.get("PrincipalType") or "IAM"
    if kind == "IAM_PATTERN" and not _PATTERN.fullmatch(arn):
        yield (
            "PrincipalARN of type IAM_PATTERN must have the format "
            f"arn:partition:iam:::resource-type/resource-id, without an account; got {arn}."
        )


def _defined(call: Call) -> Iterator[str]:
    arn, kind = str(call.get("PrincipalARN")), call.get("PrincipalType") or "IAM"
    if kind == "IAM" and _PATTERN.fullmatch(arn):
        yield f"PrincipalARN of type IAM must be fully defined; got {arn}. Use IAM_PATTERN."


def _template(call: Call) -> Iterator[str]:
    for path in ("ProvisioningArtifactParameters.Info", "Parameters.Info"):
        for _, info in call.values(path):
            if isinstance(info, dict) and len(info) != 1:
                given = " and ".join(sorted(info)) or "none"
                yield (
                    "Specify the template source with one of LoadTemplateFromURL and "
                    f"ImportFromPhysicalId; got {given}."
                )


def _last_version(call: Call) -> Iterator[str]:
    found = call.read("ListProvisioningArtifacts", {"ProductId": call.get("ProductId")}) or {}
    details = found.get("ProvisioningArtifactDetails") or ()
    given = call.get("ProvisioningArtifactId")
    if [one["Id"] for one in details] == [given]:
        yield f"{given} is the last version of product {call.get('ProductId')}."


_STACK_SET = f"{_PREFERENCES}.StackSet"

SERVICECATALOG = Catalogue(
    "servicecatalog",
    *tag_rules("servicecatalog", source="CreatePortfolio, Tags; Tag, Key"),
    _named("provisioned-product", "DescribeProvisionedProduct", "Id", "Name", {"Id": "pp-a"}),
    _named("product", "DescribeProduct", "Id", "Name", {"Id": "prod-abcdefghijklm"}),
    _named(
        "product-as-admin", "DescribeProductAsAdmin", "Id", "Name", {"Id": "prod-abcdefghijklm"}
    ),
    _named(
        "artifact-product",
        "DescribeProvisioningArtifact",
        "ProductId",
        "ProductName",
        {**_PRODUCT, **_ARTIFACT},
    ),
    _named(
        "artifact",
        "DescribeProvisioningArtifact",
        "ProvisioningArtifactId",
        "ProvisioningArtifactName",
        {**_PRODUCT, **_ARTIFACT},
    ),
    _named("new-product", "ProvisionProduct", "ProductId", "ProductName", _NEW),
    exclusive(
        "new-artifact",
        "ProvisionProduct",
        "ProvisioningArtifactId",
        "ProvisioningArtifactName",
        source="ProvisionProduct, ProvisioningArtifactId",
        fails={**_NEW, "ProvisioningArtifactName": "v1"},
        passes=_NEW,
    ),
    exclusive(
        "new-path",
        "ProvisionProduct",
        "PathId",
        "PathName",
        source="ProvisionProduct, PathId",
        fails={**_NEW, "PathId": "lpv3-abcdefghijklm", "PathName": "ml"},
        passes={**_NEW, "PathId": "lpv3-abcdefghijklm"},
    ),
    *(
        _named(
            f"{verb.lower()}-provisioned",
            f"{verb}ProvisionedProduct",
            "ProvisionedProductId",
            "ProvisionedProductName",
            _PROVISIONED,
        )
        for verb in ("Update", "Terminate")
    ),
    exclusive(
        "failure-tolerance",
        "ProvisionProduct",
        "StackSetFailureToleranceCount",
        "StackSetFailureTolerancePercentage",
        at=_PREFERENCES,
        source="ProvisioningPreferences, StackSetFailureToleranceCount",
        fails={
            **_NEW,
            f"{_STACK_SET}FailureToleranceCount": 1,
            f"{_STACK_SET}FailureTolerancePercentage": 10,
        },
        passes={**_NEW, f"{_STACK_SET}FailureToleranceCount": 1},
    ),
    exclusive(
        "concurrency",
        "ProvisionProduct",
        "StackSetMaxConcurrencyCount",
        "StackSetMaxConcurrencyPercentage",
        at=_PREFERENCES,
        source="ProvisioningPreferences, StackSetMaxConcurrencyCount",
        fails={
            **_NEW,
            f"{_STACK_SET}MaxConcurrencyCount": 1,
            f"{_STACK_SET}MaxConcurrencyPercentage": 10,
        },
        passes={**_NEW, f"{_STACK_SET}MaxConcurrencyCount": 1},
    ),
    choice(
        "constraint-type",
        "CreateConstraint",
        "Type",
        _TYPES,
        source="CreateConstraint, Type",
        fails={**_LAUNCH, "Type": "OTHER"},
        passes=_LAUNCH,
    ),
    rule(
        "constraint-json",
        _CONSTRAINTS,
        "Parameters of a constraint are a JSON object.",
        _json,
        source="CreateConstraint, Parameters",
        fails={**_LAUNCH, "Parameters": "RoleArn"},
        passes=_LAUNCH,
    ),
    rule(
        "launch-role",
        "CreateConstraint",
        "A LAUNCH constraint has RoleArn or LocalRoleName, not both.",
        _launch_role,
        source="CreateConstraint, Parameters",
        fails={**_LAUNCH, "Parameters": "{}"},
        passes=_LAUNCH,
    ),
    rule(
        "principal-pattern",
        "AssociatePrincipalWithPortfolio",
        "A principal of type IAM_PATTERN is an ARN without an account.",
        _principal,
        source="AssociatePrincipalWithPortfolio, PrincipalARN",
        fails={
            **_PORTFOLIO,
            "PrincipalARN": "arn:aws:iam::111111111111:role/ml*",
            "PrincipalType": "IAM_PATTERN",
        },
        passes={
            **_PORTFOLIO,
            "PrincipalARN": "arn:aws:iam:::role/ml*",
            "PrincipalType": "IAM_PATTERN",
        },
    ),
    rule(
        "principal-defined",
        "AssociatePrincipalWithPortfolio",
        "A principal of type IAM is a fully defined ARN.",
        _defined,
        source="AssociatePrincipalWithPortfolio, PrincipalType",
        fails={**_PORTFOLIO, "PrincipalARN": "arn:aws:iam:::role/ml", "PrincipalType": "IAM"},
        passes={
            **_PORTFOLIO,
            "PrincipalARN": "arn:aws:iam::111111111111:role/ml",
            "PrincipalType": "IAM",
        },
    ),
    rule(
        "template-source",
        ("CreateProvisioningArtifact", "CreateProduct"),
        "A version has one template source.",
        _template,
        source="ProvisioningArtifactProperties, Info",
        fails={
            **_PRODUCT,
            "Parameters.Info": {
                "LoadTemplateFromURL": "https://bucket.s3.us-east-1.amazonaws.com/a",
                "ImportFromPhysicalId": "arn:aws:cloudformation:us-east-1:111111111111:stack/a/b",
            },
        },
        passes={
            **_PRODUCT,
            "Parameters.Info": {
                "LoadTemplateFromURL": "https://bucket.s3.us-east-1.amazonaws.com/a"
            },
        },
    ),
    rule(
        "last-version",
        "DeleteProvisioningArtifact",
        "The last version of a product cannot be deleted.",
        _last_version,
        source="DeleteProvisioningArtifact",
        code="ResourceInUseException",
        fails=Example(
            {**_PRODUCT, **_ARTIFACT},
            {
                "ListProvisioningArtifacts": {
                    "ProvisioningArtifactDetails": [{"Id": "pa-abcdefghijklm"}]
                }
            },
        ),
        passes=Example(
            {**_PRODUCT, **_ARTIFACT},
            {
                "ListProvisioningArtifacts": {
                    "ProvisioningArtifactDetails": [{"Id": "pa-abcdefghijklm"}, {"Id": "pa-b"}]
                }
            },
        ),
    ),
    error="InvalidParametersException",
)
