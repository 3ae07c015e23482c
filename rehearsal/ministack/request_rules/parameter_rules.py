"""Rules of Parameter Store's requests.

Sources name operations and shapes of the AWS Systems Manager API Reference.
"""

from rehearsal.framework.rules.kinds import exclusive, forbids, matching, rule, without
from rehearsal.framework.rules.rule import Call, Catalogue
from rehearsal.framework.rules.tagging import tag_rules

_PARAMETER = {"Name": "/ml/a", "Value": "b", "Type": "String"}
_MAX_LEVELS = 15
_MAX_STANDARD = 4096


def _levels(call: Call) -> list[str]:
    name = str(call.get("Name"))
    if name.count("/") <= _MAX_LEVELS:
        return []
    return [
        "Hierarchical parameters are limited to a maximum of fifteen levels: "
        f"/parameter-name/level-1/level-2/... ; got {name}."
    ]


def _standard_value(call: Call) -> list[str]:
    size = len(str(call.get("Value")).encode())
    if call.get("Tier") != "Standard" or size <= _MAX_STANDARD:
        return []
    return [
        "Standard tier parameters support a maximum parameter value of 4096 characters. To create "
        "a larger parameter value, upgrade the parameter to use the advanced-parameter tier."
    ]


RULES = Catalogue(
    "ssm",
    without(
        "reserved-name",
        "PutParameter",
        "Name",
        "^/?(?i:aws|ssm)",
        'be prefixed with "aws" or "ssm" (case-insensitive)',
        source='PutParameter, Name: a parameter name can\'t be prefixed with "aws" or "ssm"',
        fails={**_PARAMETER, "Name": "/Aws/own"},
        passes=_PARAMETER,
    ),
    matching(
        "name-of-hierarchy",
        "PutParameter",
        "Name",
        r"[^/]*|/.*|arn:.*",
        "begin with a forward slash if it has several levels",
        source="PutParameter, Name: you must include the leading forward slash (/)",
        fails={**_PARAMETER, "Name": "ml/a"},
        passes=_PARAMETER,
    ),
    rule(
        "levels",
        "PutParameter",
        "Name has at most fifteen levels.",
        _levels,
        source="PutParameter, Name; HierarchyLevelLimitExceededException",
        code="HierarchyLevelLimitExceededException",
        fails={**_PARAMETER, "Name": "/a" * 16},
        passes={**_PARAMETER, "Name": "/a" * 15},
    ),
    rule(
        "standard-value",
        "PutParameter",
        "Value of a Standard parameter has at most 4,096 bytes.",
        _standard_value,
        source="PutParameter, Value: standard parameters have a value limit of 4 KB",
        fails={**_PARAMETER, "Tier": "Standard", "Value": "b" * 4097},
        passes={**_PARAMETER, "Tier": "Standard", "Value": "b" * 4096},
    ),
    forbids(
        "key",
        "PutParameter",
        "Type",
        "KeyId",
        when=("String", "StringList"),
        source="PutParameter, KeyId: required for parameters that use SecureString",
        fails={**_PARAMETER, "KeyId": "alias/own"},
        passes={**_PARAMETER, "Type": "SecureString", "KeyId": "alias/own"},
    ),
    forbids(
        "tags-or-overwrite",
        "PutParameter",
        "Overwrite",
        "Tags",
        when=True,
        source="PutParameter, Tags: to add tags to an existing parameter, use AddTagsToResource",
        fails={**_PARAMETER, "Overwrite": True, "Tags[0].Key": "a", "Tags[0].Value": "b"},
        passes={**_PARAMETER, "Overwrite": True},
    ),
    matching(
        "path",
        "GetParametersByPath",
        "Path",
        "/.*",
        "begin with a forward slash",
        source="GetParametersByPath, Path: hierarchies start with a forward slash (/)",
        fails={"Path": "ml"},
        passes={"Path": "/ml"},
    ),
    exclusive(
        "filters",
        "DescribeParameters",
        "Filters",
        "ParameterFilters",
        source="DescribeParameters, Filters",
        fails={
            "Filters[0].Key": "Name",
            "Filters[0].Values": ["a"],
            "ParameterFilters[0].Key": "Name",
            "ParameterFilters[0].Values": ["a"],
        },
        passes={"ParameterFilters[0].Key": "Name", "ParameterFilters[0].Values": ["a"]},
    ),
    *tag_rules("ssm", source="AddTagsToResource, Tags; Tag"),
)
