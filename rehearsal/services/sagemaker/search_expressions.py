"""Expressions of a search, and their evaluation for a resource."""

import datetime
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from botocore.model import Shape, StructureShape

from rehearsal.framework.platform import AwsError

TAGS = "Tags"
_NUMBERS = ("integer", "long", "float", "double")
_TEXT = "string"
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
_TEXTUAL = ("Contains", "In")
_PRESENCE = ("Exists", "NotExists")


class Property:
    """A property of a kind of resource, such as `InputDataConfig.ChannelName`.

    Args:
        shape: the shape of the resource in the results.
        name: a path through structures, lists and maps; the name of a tag is `Tags.KEY`.

    Raises:
        AwsError: ValidationException, if the resource has no such property.
    """

    def __init__(self, shape: StructureShape, name: str) -> None:
        self.name = name
        self._path = _path(shape, name)
        self.type = _leaf(shape, self._path, name).type_name

    def values(self, shown: Mapping[str, Any]) -> list[Any]:
        """Returns the values of the property: several if its path leads through a list."""
        if self._path[0] == TAGS:
            return [tag["Value"] for tag in shown.get(TAGS, ()) if tag["Key"] == self._path[1]]
        return list(_reached(shown, self._path))

    def sort_key(self, shown: Mapping[str, Any]) -> tuple[bool, Any]:
        """Returns the sort key of a result; results without the property come first."""
        values = self.values(shown)
        return (bool(values), values[0] if values else "")

    def read(self, text: str) -> Any:
        """Converts the value of a filter to the type of the property."""
        try:
            if self.type in _NUMBERS:
                return float(text)
            if self.type == "timestamp":
                moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
                return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        except ValueError:
            kind = "time" if self.type == "timestamp" else "number"
            reject(f"{text!r} is not a valid {kind} for {self.name}")
        return text.lower() == "true" if self.type == "boolean" else text


def matches(shown: Mapping[str, Any], expression: Mapping[str, Any], shape: StructureShape) -> bool:
    """Returns True if a resource satisfies an expression.

    The whole expression is validated, whether or not its first parts decide the result.
    """
    results = [
        *(_filter(shown, one, shape) for one in expression.get("Filters", ())),
        *(_nested(shown, one, shape) for one in expression.get("NestedFilters", ())),
        *(matches(shown, one, shape) for one in expression.get("SubExpressions", ())),
    ]
    if not results:
        reject("SearchExpression needs at least one of Filters, NestedFilters and SubExpressions")
    return any(results) if expression.get("Operator") == "Or" else all(results)


def _filter(shown: Mapping[str, Any], given: Mapping[str, Any], shape: StructureShape) -> bool:
    filtered = Property(shape, given["Name"])
    relation: str = given.get("Operator", "Equals")
    values = filtered.values(shown)
    if relation in _PRESENCE:
        return bool(values) == (relation == "Exists")
    if "Value" not in given:
        reject(f"the filter of {filtered.name} needs a Value for the operator {relation}")
    text = filtered.type == _TEXT
    if relation in _TEXTUAL and not text:
        reject(f"{relation} is supported for text properties only; {filtered.name} is not one")
    if relation in _COMPARISONS and text:
        reject(f"{relation} is not supported for the text property {filtered.name}")
    sought: str = given["Value"]
    if relation == "Contains":
        return any(sought in value for value in values)
    if relation == "In":
        return any(value in sought.split(",") for value in values)
    wanted = filtered.read(sought)
    if relation in _COMPARISONS:
        return any(_COMPARISONS[relation](value, wanted) for value in values)
    return (wanted in values) == (relation == "Equals")


def _nested(shown: Mapping[str, Any], given: Mapping[str, Any], shape: StructureShape) -> bool:
    """Returns True if one object of a list satisfies all filters."""
    name = given["NestedPropertyName"]
    listed = shape.members.get(name)
    if listed is None or listed.type_name != "list":
        reject(f"{name} is not a list of {shape.name}; nested filters require a list")
    for condition in given["Filters"]:
        Property(shape, condition["Name"])  # validates the name even if the list is empty
    return any(
        all(_filter({name: [one]}, condition, shape) for condition in given["Filters"])
        for one in shown.get(name, ())
    )


def reject(message: str) -> NoReturn:
    """Raises the error for a search that is not valid."""
    raise AwsError("ValidationException", message)


def _path(shape: StructureShape, name: str) -> list[str]:
    head, _, rest = name.partition(".")
    if head == TAGS and rest and TAGS in shape.members:
        return [TAGS, rest]
    return name.split(".")


def _leaf(shape: StructureShape, path: list[str], name: str) -> Shape:
    found: Any = shape
    for index, step in enumerate(path):
        if path[0] == TAGS and index == 1:
            return found.member.members["Value"]  # type: ignore[no-any-return]
        while found.type_name == "list":
            found = found.member
        if found.type_name == "map":
            return found.value  # type: ignore[no-any-return]
        if found.type_name != "structure" or step not in found.members:
            reject(f"{name} is not a property of {shape.name}")
        found = found.members[step]
    return found  # type: ignore[no-any-return]


def _reached(value: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _reached(one, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, Mapping):
        # The key of a map may contain dots.
        for length in (1, len(path)):
            key = ".".join(path[:length])
            if key in value:
                yield from _reached(value[key], path[length:])
                return
