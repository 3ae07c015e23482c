"""Rules of tags, which the services of AWS state alike."""

from collections.abc import Iterator
from typing import Any, cast

from botocore.loaders import create_loader
from botocore.model import ListShape, ServiceModel, StructureShape

from rehearsal.framework.rules.kinds import rule, unique
from rehearsal.framework.rules.rule import Call, Rule

_RESERVED = "aws:"


def tag_rules(service: str, *, tags: str = "Tags", source: str, **rest: Any) -> tuple[Rule, Rule]:
    """Returns the rules that keys of tags are unique, and do not begin with `aws:`.

    They apply to all operations of a service whose requests have tags as a list.

    Args:
        service: botocore's name of the service.
        tags: the member of requests that holds tags.
        source: the member of AWS's documentation that states it.
        rest: further arguments of a rule, such as the error code.
    """
    found = create_loader().load_service_model(service, "service-2")
    model = ServiceModel(found, service)
    shapes = {name: model.operation_model(name).input_shape for name in model.operation_names}
    listed = {
        name: shape.members[tags]
        for name, shape in shapes.items()
        if shape and isinstance(shape.members.get(tags), ListShape)
    }
    first = cast(ListShape, next(iter(listed.values())))
    key, value = cast(StructureShape, first.member).members
    one = {f"{tags}[0].{key}": "team", f"{tags}[0].{value}": "ml"}

    def check(call: Call) -> Iterator[str]:
        for place, name in call.values(f"{tags}[].{key}"):
            if name.lower().startswith(_RESERVED):
                yield f"{place} must not begin with {_RESERVED}, which AWS reserves; got {name}."

    operations = tuple(listed)
    return (
        unique(
            "tag-keys",
            operations,
            tags,
            key,
            source=source,
            fails={**one, f"{tags}[1].{key}": "team", f"{tags}[1].{value}": "ml"},
            passes={**one, f"{tags}[1].{key}": "stage", f"{tags}[1].{value}": "test"},
            **rest,
        ),
        rule(
            "tag-prefix",
            operations,
            f"Keys of tags do not begin with `{_RESERVED}`.",
            check,
            source=source,
            fails={f"{tags}[0].{key}": "aws:team", f"{tags}[0].{value}": "ml"},
            passes=one,
            **rest,
        ),
    )
