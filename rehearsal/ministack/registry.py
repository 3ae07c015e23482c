"""The registry of patches of ministack: the target, the reason, the order and the end of each.

A patch is a function beside its reason. `@patch` replaces a function of ministack: the decorated
function takes what it replaces first, then the arguments of the call. `@patch_value` replaces any
other value: the decorated function takes the value and returns the new one. Either may take a
keyword-only `runtime`, which `Registry.install` hands on.

Example:
    ```python
    @patch(
        "ministack.core.iam_evaluator:_resolve_condition_key",
        why="aws:ViaAWSService has no value.",
        until="ministack resolves the key.",
        after="corrections.role_tags",
    )
    def resolve(previous: Callable[..., Any], key: str, ctx: Any) -> Any: ...
    ```
"""

import dataclasses
import functools
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Self

PERMANENT = "Permanent: it connects ministack to the rehearsal."
"""The `until` of a patch that no change of ministack makes unnecessary."""

_ROOM = __package__
_TARGET = re.compile(r"(?P<module>[\w.]+):(?P<name>\w+)(?P<keys>(?:\[[^\]]+\])*)")
_RUNTIME = "runtime"


class PatchError(Exception):
    """Patches that cannot be installed; the text has one line per problem."""


@dataclass(frozen=True)
class Target:
    """A name of a module of ministack, or an entry of a table that the name holds.

    The name in the module that defines a function is replaced with each import of it; the name in
    a module that imports the function is replaced there alone.

    Args:
        module: the module.
        name: the attribute of the module.
        keys: the keys of the entry, from the outside. Defaults to none: the attribute itself.
    """

    module: str
    name: str
    keys: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parses `MODULE:NAME` or `MODULE:NAME[KEY][KEY]`.

        Raises:
            PatchError: the text has another form.
        """
        found = _TARGET.fullmatch(text)
        if found is None:
            raise PatchError(f"{text!r} is not a target: MODULE:NAME or MODULE:NAME[KEY]")
        return cls(
            found["module"], found["name"], tuple(re.findall(r"\[([^\]]+)\]", found["keys"]))
        )

    def __str__(self) -> str:
        return f"{self.module}:{self.name}" + "".join(f"[{key}]" for key in self.keys)

    def read(self) -> Any:
        """Returns the value, or None for an entry that the table lacks.

        Raises:
            AttributeError: the module has no such name.
        """
        value = getattr(importlib.import_module(self.module), self.name)
        for key in self.keys:
            value = value.get(key)
        return value

    def write(self, value: Any, *, everywhere: bool) -> None:
        """Sets the value.

        Args:
            value: the value.
            everywhere: True for each module of the same package that has imported the name, found
                by identity; False for this module alone.
        """
        if self.keys:
            table = Target(self.module, self.name, self.keys[:-1]).read()
            table[self.keys[-1]] = value
            return
        if everywhere:
            previous, package = self.read(), self.module.partition(".")[0]
            for module in _modules(package):
                names = [name for name, held in vars(module).items() if held is previous]
                for name in names:
                    setattr(module, name, value)
        setattr(importlib.import_module(self.module), self.name, value)


def _modules(package: str) -> list[ModuleType]:
    """Returns the modules of a package that are imported."""
    within = f"{package}."
    return [
        module
        for name, module in sys.modules.copy().items()
        if name == package or name.startswith(within)
    ]


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A replacement in ministack.

    Args:
        target: the name or entry that is replaced.
        function: the replacement, or for a value the function that makes it.
        is_value: True for a value, False for a function.
        source: the module of this package that declares the patch.
        why: the reason, a sentence.
        until: the change of ministack that makes the patch unnecessary, a sentence.
        after: the module whose patch of the same target comes before this one, or None for the
            first patch of a target.
    """

    target: Target
    function: Callable[..., Any]
    is_value: bool
    source: str
    why: str
    until: str
    after: str | None

    def parameters(self) -> list[str]:
        """Returns the parameters of the replacement, as callers in ministack see them."""
        named = [name for name in inspect.signature(self.function).parameters if name != _RUNTIME]
        return named[1:]

    def bound(self, previous: Any, runtime: Any) -> Any:
        """Returns the new value of the target."""
        takes = inspect.signature(self.function).parameters
        further = {_RUNTIME: runtime} if _RUNTIME in takes else {}
        if self.is_value:
            return self.function(previous, **further)
        return functools.partial(self.function, previous, **further)


class Registry:
    """Patches, in any order of declaration."""

    def __init__(self) -> None:
        self._patches: list[Patch] = []
        self._originals: dict[Target, Any] | None = None

    @property
    def patches(self) -> tuple[Patch, ...]:
        """The patches in the order of their installation.

        Raises:
            PatchError: a target is patched twice without an order, or in an impossible one.
        """
        chains: dict[Target, list[Patch]] = {}
        for one in self._patches:
            chains.setdefault(one.target, []).append(one)
        problems: list[str] = []
        # A table comes before its entries: an edit of the whole table may add or remove them.
        ordered = [
            one
            for _, patches in sorted(
                chains.items(), key=lambda item: (len(item[0].keys), str(item[0]))
            )
            for one in _chain(patches, problems)
        ]
        if problems:
            raise PatchError("\n".join(problems))
        return tuple(ordered)

    def patch(
        self, *targets: str, why: str, until: str, after: str | None = None
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declares the decorated function as the replacement of functions of ministack."""
        return self._declare(targets, False, why, until, after)

    def patch_value(
        self, *targets: str, why: str, until: str, after: str | None = None
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declares the decorated function as the one that makes new values in ministack."""
        return self._declare(targets, True, why, until, after)

    def only(self, *sources: str) -> "Registry":
        """Returns a registry of the patches that some modules declare, without the others."""
        chosen = Registry()
        for one in self._patches:
            if one.source in sources:
                after = one.after if one.after in sources else None
                chosen._patches.append(dataclasses.replace(one, after=after))
        return chosen

    def install(self, runtime: Any = None) -> None:
        """Puts all patches into ministack.

        Args:
            runtime: handed to the patches that take `runtime`. Defaults to None.

        Raises:
            PatchError: the patches are installed already, their order is not known, or a function
                of ministack has other parameters than its replacement.
        """
        if self._originals is not None:
            raise PatchError("The patches are installed already")
        patches = self.patches
        if problems := [text for one in patches if (text := self.mismatch(one))]:
            raise PatchError("\n".join(problems))
        self._originals = {}
        for one in patches:
            previous = one.target.read()
            self._originals.setdefault(one.target, previous)
            original = self._originals[one.target]
            # A function that the module only imports is replaced in this module alone.
            defined = getattr(original, "__module__", one.target.module) == one.target.module
            one.target.write(one.bound(previous, runtime), everywhere=defined)

    def original(self, target: str) -> Any:
        """Returns the value that a target has in ministack, without any patch."""
        parsed = Target.parse(target)
        originals = self._originals or {}
        return originals[parsed] if parsed in originals else parsed.read()

    def mismatch(self, one: Patch) -> str | None:
        """Returns a sentence if a function of ministack does not fit its replacement, or None."""
        try:
            original = self.original(str(one.target))
        except (ImportError, AttributeError, KeyError):
            return f"{one.source}: ministack has no {one.target}"
        if one.is_value:
            return None
        if original is None:
            return f"{one.source}: ministack has no {one.target}"
        takes = list(inspect.signature(original).parameters)
        if takes == one.parameters():
            return None
        return (
            f"{one.source}: {one.target} takes ({', '.join(takes)}), "
            f"its replacement ({', '.join(one.parameters())})"
        )

    def _declare(
        self, targets: Collection[str], is_value: bool, why: str, until: str, after: str | None
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def declare(function: Callable[..., Any]) -> Callable[..., Any]:
            source = function.__module__.removeprefix(f"{_ROOM}.")
            for target in targets:
                self._patches.append(
                    Patch(
                        target=Target.parse(target),
                        function=function,
                        is_value=is_value,
                        source=source,
                        why=why,
                        until=until,
                        after=after,
                    )
                )
            return function

        return declare


def _chain(patches: list[Patch], problems: list[str]) -> list[Patch]:
    """Returns the patches of one target in their order; appends what contradicts one."""
    target = patches[0].target
    followers: dict[str | None, list[Patch]] = {}
    for one in patches:
        followers.setdefault(one.after, []).append(one)
    sources = {one.source for one in patches}
    for after, competing in followers.items():
        named = " and ".join(one.source for one in competing)
        if after is not None and after not in sources:
            problems.append(f"{target}: {named} comes after {after}, which does not patch it")
        elif len(competing) > 1:
            first = f"after {after}" if after else "first"
            problems.append(f"{target}: {named} both come {first}; one has to say `after`")
    chain: list[Patch] = []
    following = followers.get(None, [])
    while following and following[0] not in chain:
        chain.append(following[0])
        following = followers.get(following[0].source, [])
    if len(chain) < len(patches) and not any(str(target) in text for text in problems):
        problems.append(f"{target}: the order of {', '.join(sorted(sources))} is a circle")
    return chain


PATCHES = Registry()
"""The patches of the rehearsal; `load` fills it."""
patch = PATCHES.patch
patch_value = PATCHES.patch_value
CLOUDFORMATION = "ministack.services.cloudformation"


def resource_handler(
    type_name: str, *verbs: str, why: str, until: str, after: str | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declares the decorated function as a handler of one of ministack's CloudFormation types.

    Args:
        type_name: the resource type, such as `AWS::S3::Bucket`.
        verbs: the handlers that are replaced: `create`, `update`, `delete`.
        why: the reason, a sentence.
        until: the change of ministack that makes the patch unnecessary, a sentence.
        after: the module whose patch of the same handlers comes before this one. Defaults to None:
            no other module patches them.
    """
    table = f"{CLOUDFORMATION}.provisioners:_RESOURCE_HANDLERS[{type_name}]"
    return patch(*(f"{table}[{verb}]" for verb in verbs), why=why, until=until, after=after)


def load() -> Registry:
    """Imports each module of this package, which declares its patches, and returns all of them."""
    package = importlib.import_module(str(_ROOM))
    for module in pkgutil.walk_packages(package.__path__, f"{_ROOM}."):
        importlib.import_module(module.name)
    return PATCHES
