"""The structure of a template: sections, members, intrinsic functions and references.

Source: CloudFormation User Guide, "Template sections" and "Intrinsic function reference"; "How do I
resolve validation or template format errors in CloudFormation?" in the AWS Knowledge Center.
"""

import graphlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

_SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Fn::Transform",
        "Hooks",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
        "Transform",
    }
)
_ATTRIBUTES = frozenset(
    {
        "Condition",
        "CreationPolicy",
        "DeletionPolicy",
        "DependsOn",
        "Metadata",
        "Properties",
        "Type",
        "UpdatePolicy",
        "UpdateReplacePolicy",
        "Version",  # of a custom resource, in older templates
    }
)
_PSEUDO_PARAMETERS = frozenset(
    f"AWS::{name}"
    for name in (
        "AccountId",
        "NoValue",
        "NotificationARNs",
        "Partition",
        "Region",
        "StackId",
        "StackName",
        "URLSuffix",
    )
)
_SAM = "AWS::Serverless-2016-10-31"
_LANGUAGE = "AWS::LanguageExtensions"
_POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot"),
    "UpdateReplacePolicy": ("Delete", "Retain", "Snapshot"),
}
# Source: "DeletionPolicy attribute" in the CloudFormation template reference.
_WITH_SNAPSHOTS = frozenset(
    {
        "AWS::DocDB::DBCluster",
        "AWS::EC2::Volume",
        "AWS::ElastiCache::CacheCluster",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::Neptune::DBCluster",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::Redshift::Cluster",
    }
)
_NAME = re.compile(r"[A-Za-z0-9]+")
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")
_ARGUMENTS = {
    "Fn::GetAtt": (
        "every Fn::GetAtt object requires two non-empty parameters, the resource name and the "
        "resource attribute"
    ),
    "Fn::Join": (
        "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "
        "strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to "
        "be joined."
    ),
    "Fn::Split": (
        "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string "
        "to be split or a function that returns a string to be split."
    ),
    "Fn::Sub": (
        "One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a "
        "string as first argument, and an optional second argument to specify a mapping of values "
        "to replace in the string"
    ),
    "Fn::Select": (
        "Fn::Select requires a list argument with two elements: an integer index and a list"
    ),
    "Fn::If": "Fn::If requires a list argument with three elements",
    "Fn::FindInMap": (
        "every Fn::FindInMap object requires three parameters, the map name, map key and the "
        "attribute for return value"
    ),
}


# The least and the most arguments of a condition function, and the error for others.
_CONDITION_FUNCTIONS = {
    "Condition": (1, 1, "every Condition object must have a single String value."),
    "Fn::And": (
        2,
        10,
        "every Fn::And object requires a list of at least 2 and at most 10 boolean parameters.",
    ),
    "Fn::Equals": (2, 2, "every Fn::Equals object requires a list of 2 string parameters."),
    "Fn::Not": (1, 1, "every Fn::Not object requires one boolean parameter."),
    "Fn::Or": (
        2,
        10,
        "every Fn::Or object requires a list of at least 2 and at most 10 boolean parameters.",
    ),
}
_FUNCTIONS = frozenset(
    f"Fn::{name}"
    for name in (
        "And",
        "Base64",
        "Cidr",
        "Contains",
        "EachMemberEquals",
        "EachMemberIn",
        "Equals",
        "FindInMap",
        "GetAZs",
        "GetAtt",
        "If",
        "ImportValue",
        "Join",
        "Length",
        "Not",
        "Or",
        "RefAll",
        "Select",
        "Split",
        "Sub",
        "ToJsonString",
        "Transform",
        "ValueOf",
        "ValueOfAll",
    )
)


class TemplateStructureError(ValueError):
    """A template with a wrong structure; the text is CloudFormation's message."""


def check_sections(template: Mapping[str, Any]) -> None:
    """Checks the sections of a template and the members of each.

    Raises:
        TemplateStructureError: a section or a member is missing, unknown or of another type.
    """
    sections = _SECTIONS | ({"Globals"} if _SAM in str(template.get("Transform")) else set())
    if unknown := [name for name in template if name not in sections]:
        raise TemplateStructureError(
            f"Invalid template property or properties [{', '.join(unknown)}]"
        )
    if template.get("AWSTemplateFormatVersion", "2010-09-09") != "2010-09-09":
        raise TemplateStructureError("unsupported value for AWSTemplateFormatVersion.")
    if not isinstance(template.get("Description", ""), str):
        raise TemplateStructureError("Every Description member must be a string.")
    for section in ("Parameters", "Mappings", "Conditions", "Rules", "Resources", "Outputs"):
        _check_members(section, template.get(section, {}))
    declared = template.get("Transform")
    if not template.get("Resources"):
        raise TemplateStructureError("At least one Resources member must be defined.")
    for logical_id, resource in _members(template, "Resources"):
        _check_resource(logical_id, resource)
        _check_policies(logical_id, resource, allows_functions=_LANGUAGE in str(declared))
    for name, output in _members(template, "Outputs"):
        if "Value" not in output:
            raise TemplateStructureError(
                f"[/Outputs/{name}] Every Outputs member must contain a Value object"
            )
    for section in ("Conditions", "Resources", "Outputs"):
        _check_functions(template.get(section) or {}, f"/{section}")
    _check_condition_section(template)


def check_references(template: Mapping[str, Any], conditions: Mapping[str, bool]) -> None:
    """Checks that each name in an intrinsic function, `DependsOn` and `Condition` exists.

    Args:
        template: the template, with its transforms applied.
        conditions: the values of its conditions; empty if they are not known.

    Raises:
        TemplateStructureError: a name does not exist, or only if a condition were true.
    """
    resources = template.get("Resources") or {}
    defined = {*resources, *(template.get("Parameters") or {}), *_PSEUDO_PARAMETERS}
    known = set(template.get("Conditions") or {})
    absent = {
        name
        for name, resource in resources.items()
        if isinstance(resource, Mapping)
        and not conditions.get(str(resource.get("Condition")), True)
    }
    for section in ("Resources", "Outputs"):
        for _, member in _members(template, section):
            parts = member.get("Properties") if section == "Resources" else dict(member)
            condition = member.get("Condition")
            is_active = conditions.get(str(condition), True)
            if section == "Outputs":
                parts.pop("Condition", None)
            _check_conditions(section, {condition, *_conditions(parts)} - {None}, known)
            _check_depends_on(member, resources)
            _check_names(section, parts, resources, defined)
            if is_active and conditions:
                found = {one for one, _, _ in _references(_taken(parts, conditions))}
                if missing := sorted(found & absent):
                    raise _unresolved(section, missing)


def _members(template: Mapping[str, Any], section: str) -> Iterator[tuple[str, Any]]:
    """Yields the members of a section without its loops and macros."""
    for name, member in (template.get(section) or {}).items():
        if not name.startswith("Fn::"):
            yield name, member


def _check_members(section: str, members: Any) -> None:
    if not isinstance(members, Mapping):
        raise TemplateStructureError(f"Every {section} member must be an object.")
    for name, member in members.items():
        if name.startswith("Fn::"):  # a loop or a macro
            continue
        if not isinstance(member, Mapping):
            raise TemplateStructureError(
                f"[/{section}/{name}] Every {section} member must be an object."
            )
        if section in ("Parameters", "Resources", "Outputs") and not _NAME.fullmatch(name):
            raise TemplateStructureError(f"{section[:-1]} name {name} is non alphanumeric.")


def _check_resource(logical_id: str, resource: Mapping[str, Any]) -> None:
    if "Type" not in resource:
        raise TemplateStructureError(
            f"[/Resources/{logical_id}] Every Resources object must contain a Type member."
        )
    if not isinstance(resource["Type"], str):
        raise TemplateStructureError(f"[/Resources/{logical_id}/Type] Type must be a string.")
    unknown = [name for name in resource if name not in _ATTRIBUTES and not name.startswith("Fn::")]
    # A macro may add attributes, such as Connectors of SAM.
    if (
        unknown
        and resource["Type"].startswith("AWS::")
        and "::Serverless::" not in resource["Type"]
    ):
        raise TemplateStructureError(
            f"Invalid template resource property '{unknown[0]}' [/Resources/{logical_id}]"
        )
    if not isinstance(resource.get("Properties", {}), Mapping):
        raise TemplateStructureError(
            f"[/Resources/{logical_id}/Properties] Properties must be an object."
        )


def _check_policies(
    logical_id: str, resource: Mapping[str, Any], *, allows_functions: bool
) -> None:
    for attribute, allowed in _POLICIES.items():
        value = resource.get(attribute, allowed[0])
        where = f"[/Resources/{logical_id}/{attribute}]"
        if isinstance(value, Mapping) and allows_functions:
            continue
        if not isinstance(value, str):
            raise TemplateStructureError(f"{where} Every {attribute} member must be a string.")
        if value not in allowed:
            raise TemplateStructureError(
                f"{where} Unrecognized {attribute} {value} for resource {logical_id}; allowed: "
                f"{', '.join(allowed)}."
            )
        if value == "Snapshot" and resource["Type"] not in _WITH_SNAPSHOTS:
            raise TemplateStructureError(
                f"{where} {attribute} Snapshot is not supported for resource type "
                f"{resource['Type']}; allowed: {', '.join(allowed[:-1])}."
            )


def _check_condition_section(template: Mapping[str, Any]) -> None:
    definitions = dict(_members(template, "Conditions"))
    known = {*(template.get("Parameters") or {}), *_PSEUDO_PARAMETERS}
    used: dict[str, list[str]] = {}
    for name, expression in definitions.items():
        _check_condition(expression, f"/Conditions/{name}")
        missing = sorted({one for one, _, _ in _references(expression) if one not in known})
        if missing:
            raise TemplateStructureError(
                f"Template format error: Unresolved dependencies [{', '.join(missing)}]. Cannot "
                "reference resources in the Conditions block of the template"
            )
        used[name] = [*_named_conditions(expression), *_conditions(expression)]
    for names in used.values():
        _check_conditions("Conditions", set(names), set(definitions))
    _check_no_circle(used)


def _check_condition(expression: Any, path: str) -> None:
    if not isinstance(expression, Mapping) or len(expression) != 1:
        raise TemplateStructureError(
            f"[{path}] Every Conditions member must be an object with one condition function."
        )
    function, argument = next(iter(expression.items()))
    if function not in _CONDITION_FUNCTIONS:
        raise TemplateStructureError(f"[{path}] {function} is not a condition function.")
    low, high, text = _CONDITION_FUNCTIONS[function]
    if function == "Condition":
        if not isinstance(argument, str):
            raise TemplateStructureError(f"Template error: {text} [{path}]")
        return
    if not isinstance(argument, list) or not low <= len(argument) <= high:
        raise TemplateStructureError(f"Template error: {text} [{path}]")
    if function != "Fn::Equals":
        for position, item in enumerate(argument):
            _check_condition(item, f"{path}/{function}/{position}")


def _named_conditions(expression: Mapping[str, Any]) -> Iterator[str]:
    function, argument = next(iter(expression.items()))
    if function == "Condition":
        yield argument
    elif function != "Fn::Equals":
        for item in argument:
            yield from _named_conditions(item)


def _check_no_circle(used: Mapping[str, list[str]]) -> None:
    try:
        graphlib.TopologicalSorter(used).prepare()
    except graphlib.CycleError as error:
        names = ", ".join(dict.fromkeys(error.args[1]))
        raise TemplateStructureError(
            f"Template error: Circular dependency between conditions: [{names}]"
        ) from None


def _check_functions(value: Any, path: str) -> None:
    if isinstance(value, list):
        for position, item in enumerate(value):
            _check_functions(item, f"{path}/{position}")
        return
    if not isinstance(value, Mapping):
        return
    for name, argument in value.items():
        if len(value) == 1 and name == "Ref" and not isinstance(argument, str):
            raise TemplateStructureError(
                f"[{path}] Every Ref object must have a single String value."
            )
        is_known = name in _FUNCTIONS or name.startswith("Fn::ForEach::")
        if len(value) == 1 and name.startswith("Fn::") and not is_known:
            raise TemplateStructureError(
                f"Template error: Encountered unsupported function: {name} Supported functions "
                f"are: [{', '.join(sorted(_FUNCTIONS))}] [{path}]"
            )
        if len(value) == 1 and name in _ARGUMENTS and not _is_valid(name, argument):
            raise TemplateStructureError(f"Template error: {_ARGUMENTS[name]} [{path}]")
        _check_functions(argument, f"{path}/{name}")


def _is_valid(function: str, argument: Any) -> bool:
    size = len(argument) if isinstance(argument, list) else -1
    match function:
        case "Fn::GetAtt":
            if isinstance(argument, str):
                return "." in argument.strip(".")
            return size == 2 and bool(argument[0]) and bool(argument[1])
        case "Fn::Join":
            return (
                size == 2
                and isinstance(argument[0], str)
                and isinstance(argument[1], list | Mapping)
            )
        case "Fn::Split":
            return (
                size == 2
                and isinstance(argument[0], str)
                and isinstance(argument[1], str | Mapping)
            )
        case "Fn::Sub":
            if isinstance(argument, str):
                return True
            return size == 2 and isinstance(argument[0], str) and isinstance(argument[1], Mapping)
        case "Fn::Select":
            return size == 2 and isinstance(argument[1], list | Mapping)
        case "Fn::If":
            return size == 3
        case _:
            return size in (3, 4)  # the fourth is the default of AWS::LanguageExtensions


def _check_conditions(section: str, used: set[Any], known: set[str]) -> None:
    for name in sorted(str(one) for one in used):
        if name not in known:
            raise TemplateStructureError(
                f"Template format error: Unresolved condition dependency {name} in the {section} "
                "block of the template"
            )


def _check_depends_on(member: Mapping[str, Any], resources: Mapping[str, Any]) -> None:
    needed = member.get("DependsOn", [])
    needed = [needed] if isinstance(needed, str) else needed
    if missing := [str(one) for one in needed if one not in resources]:
        raise _unresolved("Resources", missing)


def _check_names(section: str, parts: Any, resources: Mapping[str, Any], defined: set[str]) -> None:
    missing = []
    for name, attribute, function in _references(parts):
        if attribute is None:
            missing += [name] if name not in defined else []
        elif name not in resources:
            raise TemplateStructureError(
                f"Template error: instance of Fn::GetAtt references undefined resource {name}"
                if function == "Fn::GetAtt"
                else "Template error: instance of Fn::Sub references invalid resource attribute "
                f"{name}.{attribute}"
            )
    if missing:
        raise _unresolved(section, list(dict.fromkeys(missing)))


def _unresolved(section: str, names: list[str]) -> TemplateStructureError:
    return TemplateStructureError(
        f"Template format error: Unresolved resource dependencies [{', '.join(names)}] in the "
        f"{section} block of the template"
    )


def _references(value: Any) -> Iterator[tuple[str, str | None, str]]:
    """Yields the name, the attribute or None, and the function of each reference."""
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    if not isinstance(value, Mapping):
        return
    for function, argument in value.items():
        if function == "Ref" and isinstance(argument, str) and len(value) == 1:
            yield argument, None, function
        elif function == "Fn::GetAtt" and len(value) == 1:
            parts = argument.split(".", 1) if isinstance(argument, str) else argument
            if isinstance(parts[0], str):
                yield parts[0], str(parts[1]), function
            yield from _references(parts[1:])
        elif function == "Fn::Sub" and len(value) == 1:
            yield from _variables(argument)
        else:
            yield from _references(argument)


def _variables(argument: Any) -> Iterator[tuple[str, str | None, str]]:
    text, given = (argument, {}) if isinstance(argument, str) else argument
    for variable in _VARIABLE.findall(text):
        if variable not in given and variable not in _PSEUDO_PARAMETERS:
            name, _, attribute = variable.partition(".")
            yield name, attribute or None, "Fn::Sub"
    yield from _references(list(given.values()))


def _conditions(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _conditions(item)
    elif isinstance(value, Mapping):
        for name, argument in value.items():
            if name == "Fn::If" and len(value) == 1 and isinstance(argument[0], str):
                yield argument[0]
            yield from _conditions(argument)


def _taken(value: Any, conditions: Mapping[str, bool]) -> Any:
    """Returns a value with the branch that each Fn::If takes."""
    if isinstance(value, list):
        return [_taken(item, conditions) for item in value]
    if not isinstance(value, Mapping):
        return value
    branches = value.get("Fn::If")
    if len(value) == 1 and isinstance(branches, list) and len(branches) == 3:
        return _taken(branches[1 if conditions.get(str(branches[0])) else 2], conditions)
    return {name: _taken(item, conditions) for name, item in value.items()}
