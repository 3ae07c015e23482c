"""The registry of patches: order, contradictions, installation."""

import ast
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.ministack import registry
from rehearsal.ministack.patch_table import COMMAND, table
from rehearsal.ministack.registry import PatchError, Registry, Target

ROOT = Path(__file__).parents[3]
GREET = "emulator.core:greet"
REASON = {"why": "It differs.", "until": "It is corrected."}


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    """A package with a function, a module that imports it, and a table."""
    core, importer = types.ModuleType("emulator.core"), types.ModuleType("emulator.importer")

    def greet(name: str) -> str:
        return f"hello {name}"

    greet.__module__ = "emulator.core"
    core.greet = importer.welcome = greet  # type: ignore[attr-defined]
    core.TABLE = {"a": {"create": greet}, "limit": 1}  # type: ignore[attr-defined]
    for name, module in {
        "emulator": types.ModuleType("emulator"),
        "emulator.core": core,
        "emulator.importer": importer,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    yield core


def loud(previous: Callable[[str], str], name: str) -> str:
    return previous(name).upper()


def polite(previous: Callable[[str], str], name: str) -> str:
    return f"{previous(name)}, please"


def declared(function: Callable[..., Any], source: str) -> Callable[..., Any]:
    """Returns a copy of a function that a module of the package seems to define."""
    copy = types.FunctionType(function.__code__, globals(), function.__name__)
    copy.__module__ = f"rehearsal.ministack.{source}"
    return copy


def test_a_patch_gets_the_function_that_it_replaces(emulator: Any) -> None:
    patches = Registry()
    patches.patch(GREET, **REASON)(loud)
    patches.install()
    assert emulator.greet("ana") == "HELLO ANA"
    assert patches.original(GREET)("ana") == "hello ana"


def test_each_import_of_a_function_is_replaced_with_it(emulator: Any) -> None:
    patches = Registry()
    patches.patch(GREET, **REASON)(loud)
    patches.install()
    assert sys.modules["emulator.importer"].welcome("ana") == "HELLO ANA"


def test_an_import_can_be_replaced_alone(emulator: Any) -> None:
    patches = Registry()
    patches.patch("emulator.importer:welcome", **REASON)(loud)
    patches.install()
    assert sys.modules["emulator.importer"].welcome("ana") == "HELLO ANA"
    assert emulator.greet("ana") == "hello ana"


def test_an_entry_of_a_table_is_a_target(emulator: Any) -> None:
    patches = Registry()
    patches.patch("emulator.core:TABLE[a][create]", **REASON)(loud)
    patches.patch_value("emulator.core:TABLE[new]", **REASON)(lambda previous: previous or 2)
    patches.install()
    assert emulator.TABLE["a"]["create"]("ana") == "HELLO ANA"
    assert emulator.TABLE["new"] == 2


def test_a_table_is_edited_before_its_entries(emulator: Any) -> None:
    patches = Registry()
    patches.patch_value("emulator.core:TABLE[limit]", **REASON)(lambda limit: limit + 1)

    @patches.patch_value("emulator.core:TABLE", **REASON)
    def raise_limit(values: dict[str, Any]) -> dict[str, Any]:
        values["limit"] = 10
        return values

    patches.install()
    assert emulator.TABLE["limit"] == 11


@pytest.mark.parametrize("declare_first", ["a", "b"])
def test_after_decides_the_order(emulator: Any, declare_first: str) -> None:
    patches = Registry()
    declarations = {
        "a": lambda: patches.patch(GREET, **REASON)(declared(loud, "a")),
        "b": lambda: patches.patch(GREET, **REASON, after="a")(declared(polite, "b")),
    }
    for source in sorted(declarations, key=lambda name: name != declare_first):
        declarations[source]()
    patches.install()
    assert emulator.greet("ana") == "HELLO ANA, please"


def test_a_patch_gets_the_runtime_that_it_takes(emulator: Any) -> None:
    patches = Registry()

    @patches.patch(GREET, **REASON)
    def greet_in(previous: Callable[[str], str], name: str, *, runtime: str) -> str:
        return f"{previous(name)} from {runtime}"

    patches.install("here")
    assert emulator.greet("ana") == "hello ana from here"


def test_two_patches_of_one_name_need_an_order(emulator: Any) -> None:
    patches = Registry()
    patches.patch(GREET, **REASON)(declared(loud, "a"))
    patches.patch(GREET, **REASON)(declared(polite, "b"))
    with pytest.raises(PatchError, match="a and b both come first; one has to say `after`"):
        patches.install()
    assert emulator.greet("ana") == "hello ana"


def test_two_patches_cannot_follow_the_same_one(emulator: Any) -> None:
    patches = Registry()
    patches.patch(GREET, **REASON)(declared(loud, "a"))
    for source in ("b", "c"):
        patches.patch(GREET, **REASON, after="a")(declared(polite, source))
    with pytest.raises(PatchError, match="b and c both come after a"):
        patches.install()


def test_the_predecessor_has_to_patch_the_same_name(emulator: Any) -> None:
    patches = Registry()
    patches.patch(GREET, **REASON, after="missing")(declared(loud, "a"))
    with pytest.raises(PatchError, match="a comes after missing, which does not patch it"):
        patches.install()


def test_a_circle_has_no_order(emulator: Any) -> None:
    patches = Registry()
    patches.patch(GREET, **REASON, after="b")(declared(loud, "a"))
    patches.patch(GREET, **REASON, after="a")(declared(polite, "b"))
    with pytest.raises(PatchError, match="the order of a, b is a circle"):
        patches.install()


def test_patches_are_installed_once(emulator: Any) -> None:
    patches = Registry()
    patches.patch(GREET, **REASON)(loud)
    patches.install()
    with pytest.raises(PatchError, match="installed already"):
        patches.install()
    assert emulator.greet("ana") == "HELLO ANA"


def test_a_patch_of_a_missing_name_is_rejected(emulator: Any) -> None:
    patches = Registry()
    patches.patch("emulator.core:farewell", **REASON)(loud)
    with pytest.raises(PatchError, match=r"ministack has no emulator\.core:farewell"):
        patches.install()


def test_a_patch_with_other_parameters_is_rejected(emulator: Any) -> None:
    patches = Registry()
    patches.patch(GREET, **REASON)(lambda previous, name, title: name)
    with pytest.raises(PatchError, match=r"takes \(name\), its replacement \(name, title\)"):
        patches.install()
    assert emulator.greet("ana") == "hello ana"


@pytest.mark.parametrize("text", ["emulator.core", "emulator.core:greet()", "core:a[b"])
def test_a_malformed_target_is_rejected(text: str) -> None:
    with pytest.raises(PatchError, match="is not a target"):
        Target.parse(text)


def test_each_patch_of_the_rehearsal_has_a_reason_and_an_end() -> None:
    for one in registry.load().patches:
        for sentence in (one.why, one.until):
            assert sentence.endswith("."), one


def test_the_documented_patches_are_those_of_the_registry() -> None:
    page = (ROOT / "docs/ministack-patches.md").read_text()
    assert page == table(), f"run {COMMAND}"


def test_ministack_is_changed_through_the_registry_alone() -> None:
    """Names of ministack are read everywhere in the room, and assigned by `Target.write` only."""
    assignments = []
    for path in sorted((ROOT / "rehearsal/ministack").rglob("*.py")):
        assignments += _assignments(path)
    assert assignments == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from ministack.services import s3\ns3._dispatch = print", 1),
        ("from ministack.services import s3\ns3._A['b'] = 1", 0),
        ("from ministack import app\napp.SERVICE_HANDLERS = {}", 1),
        ("from ministack import app, s3\nfor one in (app, s3):\n    one._dispatch = print", 1),
        ("import sys\nsetattr(sys, 'a', 1)", 1),
        ("from ministack.services import s3\nx = s3._dispatch", 0),
    ],
)
def test_an_assignment_is_found(text: str, expected: int, tmp_path: Path) -> None:
    path = tmp_path / "patch.py"
    path.write_text(text)
    assert len(_assignments(path)) == expected


def test_a_correction_depends_on_ministack_alone() -> None:
    allowed = {"rehearsal.ministack.registry"}
    for path in sorted((ROOT / "rehearsal/ministack/corrections").glob("*.py")):
        imported = {name for name in _imports(path) if name.startswith("rehearsal")}
        assert imported <= allowed, path.name


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
    return found


def _assignments(path: Path) -> list[str]:
    """Returns where a file assigns to an attribute of a module of ministack, or calls setattr."""
    tree = ast.parse(path.read_text())
    modules = {
        one.asname or one.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("ministack")
        for one in node.names
    }
    modules |= {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.For) and isinstance(node.target, ast.Name)
        if any(isinstance(one, ast.Name) and one.id in modules for one in ast.walk(node.iter))
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Attribute)
            and isinstance(target.value, ast.Name)
            and target.value.id in modules
            for target in node.targets
        ):
            found.append(f"{path.name}:{node.lineno}")
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "setattr"
            and path.name != "registry.py"
        ):
            found.append(f"{path.name}:{node.lineno}")
    return found
