"""The page of rules, docs/rules.md.

python -m rehearsal.server.rule_table > docs/rules.md
"""

import importlib
import pkgutil
from collections.abc import Iterator

from rehearsal import services
from rehearsal.framework.rules.rule import Catalogue
from rehearsal.ministack.request_rules.enforcement import CATALOGUES

COMMAND = "python -m rehearsal.server.rule_table > docs/rules.md"
_MODULE = "request_rules"
_MAX_OPERATIONS = 4
_HEAD = """# Rules of requests

The models of AWS's APIs state types, patterns and limits, and the rehearsal validates each request
by them. What AWS states in prose only is here: {number} rules of {services} services. Each rule has
AWS's source, AWS's error code, and two requests, one that breaks it and one that does not; tests
evaluate both.

Rules are declared beside their service, in `request_rules`, with the kinds of
`rehearsal/framework/rules/kinds.py`; those of the services that ministack serves are in
`rehearsal/ministack/request_rules`. Sources name operations and shapes of the service's API
reference, or a page of its guide.

The page is generated: `{command}`.
"""


def catalogues() -> list[Catalogue]:
    """Returns the catalogues of all services, by the name of the service."""
    return sorted([*_found(), *CATALOGUES], key=lambda one: one.service)


def _found() -> Iterator[Catalogue]:
    for package in pkgutil.iter_modules(services.__path__, f"{services.__name__}."):
        folder = importlib.import_module(package.name).__path__
        if _MODULE in {one.name for one in pkgutil.iter_modules(folder)}:
            module = importlib.import_module(f"{package.name}.{_MODULE}")
            yield from (value for value in vars(module).values() if isinstance(value, Catalogue))


def table() -> str:
    """Returns the page, with one row per rule."""
    found = catalogues()
    number = sum(len(one.rules) for one in found)
    page = _HEAD.format(number=number, services=len(found), command=COMMAND)
    for one in found:
        page += f"\n## {one.service}: {len(one.rules)}\n\n"
        page += "| operations | rule | id | error | source |\n|---|---|---|---|---|\n"
        for rule in one.rules:
            cells = (
                _operations(rule.operations),
                rule.text,
                f"`{rule.name}`",
                f"`{one.code(rule)}`",
                rule.source,
            )
            page += f"| {' | '.join(map(_cell, cells))} |\n"
    return page


def _operations(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_MAX_OPERATIONS])
    more = len(names) - _MAX_OPERATIONS
    return f"{shown} and {more} more" if more > 0 else shown


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


if __name__ == "__main__":
    print(table(), end="")  # noqa: T201  # the output of a command
