"""Rules of tags, which the services of AWS state alike."""

from collections.abc import Iterator
from typing import Any, cast

from botocore.model import ListShape, MapShape, Shape, StructureShape

from rehearsal.framework.rules.kinds import rule, unique
from rehearsal.framework.rules.rule import Call, Rule
from rehearsal.framework.service_models import service_model

_RESERVED = "aws:"
_TAGGING = ("AddTags", "TagResource")


def tag_rules(service: str, *, tags: str = "Tags", source: str, **rest: Any) -> tuple[Rule, Rule]:
    """Returns the rules that keys of tags are unique, and do not begin with `aws:`.

    They apply to all operations of a service whose requests have tags as a list.

    Args:
        service: botocore's name of the service.
        tags: the member of requests that holds tags.
        source: the member of AWS's documentation that states it.
        rest: further arguments of a rule, such as the error code.
    """
    shapes = _tag_shapes(service, tags)
    key, value = _members(shapes)
    one = {f"{tags}[0].{key}": "team", f"{tags}[0].{value}": "ml"}
    return (
        unique(
            "tag-keys",
            tuple(shapes),
            tags,
            key,
            source=source,
            fails={**one, f"{tags}[1].{key}": "team", f"{tags}[1].{value}": "ml"},
            passes={**one, f"{tags}[1].{key}": "stage", f"{tags}[1].{value}": "test"},
            **rest,
        ),
        reserved_tag_rule(service, tags=tags, source=source, **rest),
    )


def reserved_tag_rule(service: str, *, tags: str = "Tags", source: str, **rest: Any) -> Rule:
    """Returns the rule that keys of tags, in a list or a map, do not begin with `aws:`.

    Args:
        service: botocore's name of the service.
        tags: the member of requests that holds tags.
        source: the member of AWS's documentation that states it.
        rest: further arguments of a rule, such as the error code.
    """
    shapes = _tag_shapes(service, tags)
    is_map = isinstance(next(iter(shapes.values())), MapShape)
    key, value = ("", "") if is_map else _members(shapes)

    def check(call: Call) -> Iterator[str]:
        given = call.get(tags) or ()
        for name in given if is_map else [one.get(key, "") for one in given]:
            if name.lower().startswith(_RESERVED):
                yield f"{tags} must not have keys that begin with {_RESERVED}; got {name}."

    def example(name: str) -> dict[str, Any]:
        if is_map:
            return {f"{tags}.{name}": "ml"}
        return {f"{tags}[0].{key}": name, f"{tags}[0].{value}": "ml"}

    return rule(
        "tag-prefix",
        tuple(shapes),
        f"Keys of tags do not begin with `{_RESERVED}`, which AWS reserves.",
        check,
        source=source,
        fails=example("aws:team"),
        passes=example("team"),
        **rest,
    )


def _tag_shapes(service: str, tags: str) -> dict[str, Shape]:
    """Returns the shapes of the tags in the requests of a service, by operation."""
    model = service_model(service)
    # The operations that only tag come first, as their requests are the examples.
    names = sorted(model.operation_names, key=lambda name: name not in _TAGGING)
    shapes = {name: model.operation_model(name).input_shape for name in names}
    return {
        name: shape.members[tags]
        for name, shape in shapes.items()
        if shape and isinstance(shape.members.get(tags), ListShape | MapShape)
    }


def _members(shapes: dict[str, Shape]) -> tuple[str, str]:
    listed = cast(ListShape, next(iter(shapes.values())))
    key, value, *_ = cast(StructureShape, listed.member).members
    return key, value
