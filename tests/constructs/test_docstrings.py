"""The docstring convention of the library, as far as ruff's pydocstyle rules cannot check it.

Google's sections; the class docstring carries the constructor's arguments; each parameter with a
default has a sentence "Defaults to ...", each number a unit or a range.
"""

import ast
import dataclasses
import enum
import importlib
import inspect
import re
import textwrap
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.constructs.public_api import AREAS, PACKAGE

TOP_LEVEL = "mlops_constructs/*.py"

# Positional in every construct of the CDK.
CONVENTIONAL = {"self", "cls", "scope", "construct_id"}
RIDDLE = re.compile(r"(What|How|Whether|Who|Where|Why|That)\b")
SECTION = re.compile(r"^Args:\n((?:(?: {4}.*)?\n)*)", re.MULTILINE)
ENTRY = re.compile(r"^ {4}\*{0,2}(\w+):(?= |\n)", re.MULTILINE)
DEFAULT = re.compile(r"\bDefaults\s+to\b")
NUMBER = re.compile(r"\b(?:int|float)\b")
UNIT_OR_RANGE = re.compile(
    r"\d|\b(?:percent|percentage|share|fraction|seconds?|minutes?|hours?|days?|bytes|[KMG]i?B"
    r"|at least|at most|between|positive|number of|unit of)\b"
)
EXAMPLE = re.compile(r"^Examples?:\n(?! {4}```(?:python|bash|yaml|json)\n)", re.MULTILINE)
PROMPT = re.compile(r"^ *(?:>>>|.*::$)", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Parameter:
    name: str
    has_default: bool
    is_number: bool


@dataclasses.dataclass(frozen=True)
class Documented:
    """A public class, function, method or property, with what its docstring has to cover."""

    place: str
    text: str
    parameters: tuple[Parameter, ...] = ()

    def problems(self) -> Iterator[str]:
        if not self.text:
            yield f"{self.place}: has no docstring"
            return
        entries = args(self.text)
        known = CONVENTIONAL | {parameter.name for parameter in self.parameters}
        for name in entries.keys() - known:
            yield f"{self.place}: Args: documents {name!r}, which is no parameter"
        for parameter in self.parameters:
            where = f"{self.place}: Args: {parameter.name!r}"
            entry = entries.get(parameter.name)
            if entry is None:
                yield f"{where} is missing"
                continue
            if parameter.has_default and not DEFAULT.search(entry):
                yield f"{where} has a default, but no 'Defaults to ...'"
            purpose = DEFAULT.split(entry)[0]
            if parameter.is_number and not UNIT_OR_RANGE.search(purpose):
                yield f"{where} is a number, but has no unit or range"


def args(text: str) -> dict[str, str]:
    """Returns the entries of the section `Args:` by parameter."""
    section = SECTION.search(f"{text}\n")
    if section is None:
        return {}
    parts = ENTRY.split(section[1])[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def documented(area: str) -> Iterator[Documented]:
    module = importlib.import_module(f"mlops_constructs.{area}")
    for name in module.__all__:
        thing = getattr(module, name)
        if inspect.isclass(thing):
            yield from documented_class(thing)
        elif callable(thing):
            text = inspect.getdoc(thing) or ""
            yield Documented(place(thing), text, signature_parameters(thing))


def documented_class(thing: type) -> Iterator[Documented]:
    text = inspect.cleandoc(thing.__doc__ or "")
    if dataclasses.is_dataclass(thing) and thing.__doc__ == generated_doc(thing):
        text = ""
    yield Documented(place(thing), text, constructor_parameters(thing, text))
    for name, member in members(thing):
        function = getattr(member, "__func__", member)
        text = inspect.getdoc(getattr(thing, name)) or ""
        if isinstance(member, property):
            yield Documented(place(member.fget), text)
        elif inspect.isfunction(function):
            yield Documented(place(function), text, signature_parameters(function))


def generated_doc(thing: type) -> str:
    """Returns the docstring that `dataclass` writes where a class has none."""
    return thing.__name__ + str(inspect.signature(thing)).replace(" -> None", "")


def constructor_parameters(thing: type, text: str) -> tuple[Parameter, ...]:
    if issubclass(thing, enum.Enum) or getattr(thing, "_is_protocol", False):
        return ()
    if typing.is_typeddict(thing):
        optional: frozenset[str] = getattr(thing, "__optional_keys__", frozenset())
        return tuple(
            Parameter(name, name in optional, is_number(thing.__annotations__[name]))
            for name in own_keys(thing)
        )
    # Such a class is not created by its constructor, and its factories document the fields.
    if "static factories" in text or "Created by `" in text:
        return ()
    if dataclasses.is_dataclass(thing):
        return tuple(
            Parameter(
                field.name,
                field.default is not dataclasses.MISSING
                or field.default_factory is not dataclasses.MISSING,
                is_number(field.type),
            )
            for field in dataclasses.fields(thing)
            if field.init and not field.name.startswith("_")
        )
    for base in thing.__mro__:
        if base.__module__.startswith("mlops_constructs") and "__init__" in vars(base):
            return signature_parameters(vars(base)["__init__"])
    return ()


def own_keys(thing: type) -> list[str]:
    """Returns the keys that a TypedDict adds to those of its bases, which it does not remember."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(thing))).body
    return [
        statement.target.id
        for statement in getattr(definition, "body", [])
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    ]


def signature_parameters(function: Any) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            parameter.name,
            parameter.default is not parameter.empty,
            is_number(parameter.annotation),
        )
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in CONVENTIONAL
    )


def is_number(annotation: Any) -> bool:
    return NUMBER.search(str(annotation)) is not None


def members(thing: type) -> Iterator[tuple[str, Any]]:
    """Yields what a class and its bases in the library define, the nearest definition of each."""
    found: dict[str, Any] = {}
    for base in reversed(thing.__mro__):
        if base.__module__.startswith("mlops_constructs"):
            found |= vars(base)
    return ((name, member) for name, member in found.items() if not name.startswith("_"))


def place(thing: Any) -> str:
    """Returns file, line and name, so that an editor can go there."""
    thing = inspect.unwrap(thing)
    path = Path(inspect.getsourcefile(thing) or "").relative_to(PACKAGE.parent)
    line = (
        inspect.getsourcelines(thing)[1]
        if inspect.isclass(thing)
        else thing.__code__.co_firstlineno
    )
    return f"{path}:{line} {thing.__qualname__}"


def files(area: str) -> list[Path]:
    if area == TOP_LEVEL:
        return sorted(PACKAGE.glob("*.py"))
    return sorted((PACKAGE / area).rglob("*.py"))


def written(path: Path) -> Iterator[tuple[str, ast.AST | None, str]]:
    """Yields place, definition and text of every docstring of a file, attributes' included."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for number, statement in enumerate(body):
            if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant):
                continue
            if not isinstance(statement.value.value, str):
                continue
            place = f"{path.relative_to(PACKAGE.parent)}:{statement.lineno}"
            yield place, node if number == 0 else None, statement.value.value


@pytest.mark.parametrize("area", AREAS)
def test_every_public_parameter_of_an_area_is_documented(area: str) -> None:
    problems = [problem for one in documented(area) for problem in one.problems()]

    assert not sorted(set(problems)), "\n".join(sorted(set(problems)))


@pytest.mark.parametrize("area", [*AREAS, TOP_LEVEL])
def test_docstrings_of_an_area_are_statements_with_fenced_examples(area: str) -> None:
    problems = []
    for path in files(area):
        for spot, node, text in written(path):
            if RIDDLE.match(text.strip()):
                problems.append(f"{spot}: begins with {text.split()[0]!r}")
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                problems.append(f"{spot}: __init__ has a docstring; it belongs to the class")
            if EXAMPLE.search(inspect.cleandoc(text)) or PROMPT.search(text):
                problems.append(f"{spot}: an example is not fenced as ```python")

    assert not problems, "\n".join(problems)


def test_the_checks_find_what_they_are_for() -> None:
    text = "Sets it.\n\nArgs:\n    size: of it.\n    other: thing.\n"
    parameters = (Parameter("size", True, True), Parameter("missing", False, False))

    assert sorted(Documented("here", text, parameters).problems()) == [
        "here: Args: 'missing' is missing",
        "here: Args: 'size' has a default, but no 'Defaults to ...'",
        "here: Args: 'size' is a number, but has no unit or range",
        "here: Args: documents 'other', which is no parameter",
    ]


def test_a_parameter_with_unit_and_default_is_documented() -> None:
    text = "Sets it.\n\nArgs:\n    size: size in GB, 1 to 512.\n        Defaults\n        to 5.\n"

    assert not list(Documented("here", text, (Parameter("size", True, True),)).problems())
