"""Expressions of a search, and their evaluation for a resource."""

import datetime
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from botocore.model import Shape, StructureShape

from rehearsal.framework.platform import AwsError

TAGS = "Tags"
# The keys and values of all parameters of a feature ("Find features in your feature groups").
_ALL_PARAMETERS = "AllParameters"
_PARAMETERS = "Parameters"
_NUMBERS = ("integer", "long", "float", "double")
_TEXT = "string"
_MIXED = "number or text"
_METRICS = "metrics"
_STATISTICS = ("Min", "Max", "Avg", "Last", "Count", "StdDev")
# Properties that an expression may search for several substrings (Filter in the API reference).
_CONTAINS_MANY = {
    "Experiment": ("DisplayName", "ExperimentName", "Tags"),
    "Trial": ("DisplayName", "TrialName", "Tags"),
    "TrialComponent": (
        "DisplayName",
        "TrialComponentName",
        "Tags",
        "InputArtifacts",
        "OutputArtifacts",
    ),
    "FeatureMetadata": (
        "Description",
        "FeatureGroupName",
        "FeatureName",
        _PARAMETERS,
        _ALL_PARAMETERS,
    ),
}
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
        name: a path through structures, lists and maps; the name of a tag is `Tags.KEY`, that of a
            parameter of a feature `Parameters.KEY`, that of a metric `Metrics.NAME`, for trial
            components also with a statistic, `Metrics.NAME.Max`.

    Raises:
        AwsError: ValidationException, if the resource has no such property.
    """

    def __init__(self, shape: StructureShape, name: str) -> None:
        self.name = name
        self._path = _path(shape, name)
        self._metric = _metric(shape, name)
        if self._metric:
            self.type = "double"
            return
        self._keyed = self._path[0] if _is_keyed(shape, self._path[0]) else ""
        if name == _ALL_PARAMETERS and _is_keyed(shape, _PARAMETERS):
            self.type = _TEXT
            return
        leaf = _leaf(shape, self._path, name).type_name
        mixed = self._path[0] == "HyperParameters" or leaf == "structure"
        self.type = _MIXED if mixed else leaf

    def values(self, shown: Mapping[str, Any]) -> list[Any]:
        """Returns the values of the property: several if its path leads through a list."""
        if self._metric:
            member, metric, statistic = self._metric
            metrics = [one for one in shown.get(member, ()) if one["MetricName"] == metric]
            return [one[statistic] for one in metrics if statistic in one]
        if self._keyed:
            pairs = shown.get(self._keyed, ())
            return [pair["Value"] for pair in pairs if pair["Key"] == self._path[1]]
        if self.name == _ALL_PARAMETERS:
            pairs = shown.get(_PARAMETERS, ())
            return [text for pair in pairs for text in (pair["Key"], pair["Value"])]
        found = list(_reached(shown, self._path))
        if self.type == _MIXED:
            # A parameter of a trial component is a structure with either a number or a text.
            found = [next(iter(one.values())) if isinstance(one, Mapping) else one for one in found]
        return found

    def sort_key(self, shown: Mapping[str, Any]) -> tuple[bool, Any]:
        """Returns the sort key of a result; results without the property come first."""
        values = self.values(shown)
        if self.type == _MIXED:
            return (bool(values), str(values[0]) if values else "")
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
    _check_contains(expression, shape)
    results = [
        *(_filter(shown, one, shape) for one in expression.get("Filters", ())),
        *(_nested(shown, one, shape) for one in expression.get("NestedFilters", ())),
        *(matches(shown, one, shape) for one in expression.get("SubExpressions", ())),
    ]
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
    if relation in _TEXTUAL and not text and filtered.type != _MIXED:
        reject(f"{relation} is supported for text properties only; {filtered.name} is not one")
    if relation in _COMPARISONS and text:
        reject(f"{relation} is not supported for the text property {filtered.name}")
    sought: str = given["Value"]
    if relation == "Contains":
        return any(sought in str(value) for value in values)
    if relation == "In":
        return any(str(value) in sought.split(",") for value in values)
    if filtered.type == _MIXED:
        return _compare_mixed(values, relation, sought)
    wanted = filtered.read(sought)
    if relation in _COMPARISONS:
        return any(_COMPARISONS[relation](value, wanted) for value in values)
    return (wanted in values) == (relation == "Equals")


def _compare_mixed(values: list[Any], relation: str, sought: str) -> bool:
    """Compares values that are numbers or text with a sought one, as numbers where both are."""
    wanted = _number(sought)
    compare: Callable[[Any, Any], bool] = _COMPARISONS.get(relation, operator.eq)
    results = []
    for value in values:
        number = _number(value)
        if number is None or wanted is None:
            results.append(relation not in _COMPARISONS and str(value) == sought)
            continue
        # "If the specified Value is an integer, the decimal hyperparameter values are treated as
        # integers."
        integers = sought.strip().lstrip("+-").isdecimal() and isinstance(value, str)
        results.append(compare(int(number) if integers else number, wanted))
    return (not any(results)) if relation == "NotEquals" else any(results)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _check_contains(expression: Mapping[str, Any], shape: StructureShape) -> None:
    """Checks that an expression has one Contains, apart from the properties that may have more."""
    many = _CONTAINS_MANY.get(shape.name, ())
    limited = [
        one
        for one in _all_filters(expression)
        if one.get("Operator") == "Contains" and one["Name"].partition(".")[0] not in many
    ]
    if len(limited) > 1:
        reject("'CONTAINS' operator usage limit of 1 exceeded.")


def _all_filters(expression: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from expression.get("Filters", ())
    for nested in expression.get("NestedFilters", ()):
        yield from nested["Filters"]
    for one in expression.get("SubExpressions", ()):
        yield from _all_filters(one)


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
    if _is_keyed(shape, head):
        if not rest:
            reject(f"{name} needs a key: {name}.KEY")
        return [head, rest]
    return name.split(".")


def _is_keyed(shape: StructureShape, name: str) -> bool:
    """Returns True if a member is a list of pairs of a key and a value."""
    listed = shape.members.get(name)
    return name in (TAGS, _PARAMETERS) and listed is not None and listed.type_name == "list"


def _metric(shape: StructureShape, name: str) -> tuple[str, str, str] | None:
    """Returns the list, the name and the member of a metric, or None for another property."""
    head, _, metric = name.partition(".")
    if head.lower() != _METRICS or not metric:
        return None
    if "FinalMetricDataList" in shape.members:
        return "FinalMetricDataList", metric, "Value"
    if "Metrics" not in shape.members:
        return None
    before, _, last = metric.rpartition(".")
    for statistic in _STATISTICS:
        if before and last.lower() == statistic.lower():
            return "Metrics", before, statistic
    return "Metrics", metric, "Last"


def _leaf(shape: StructureShape, path: list[str], name: str) -> Shape:
    found: Any = shape
    for index, step in enumerate(path):
        if index == 1 and _is_keyed(shape, path[0]):
            return found.member.members["Value"]  # type: ignore[no-any-return]
        while found.type_name == "list":
            found = found.member
        if found.type_name == "map":
            inner = found.value
            last = path[-1]
            if inner.type_name == "structure" and index < len(path) - 1 and last in inner.members:
                return inner.members[last]  # type: ignore[no-any-return]
            return inner  # type: ignore[no-any-return]
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
        for length in (1, len(path) - 1, len(path)):
            key = ".".join(path[:length])
            if key in value:
                yield from _reached(value[key], path[length:])
                return
