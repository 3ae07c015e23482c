"""The table of patches in docs/ministack-patches.md.

python -m rehearsal.ministack.patch_table > docs/ministack-patches.md
"""

from rehearsal.ministack import registry
from rehearsal.ministack.registry import Target

COMMAND = "python -m rehearsal.ministack.patch_table > docs/ministack-patches.md"
_HEAD = f"""# Patches of ministack

The rehearsal embeds ministack and replaces parts of it. Each patch is declared beside its function,
in the registry of `rehearsal/ministack/registry.py`. This page lists the patches, with the reason
and the change of ministack that makes each of them unnecessary. A row that comes after another
module replaces what that module has installed.

The page is generated: `{COMMAND}`.

"""
_SECTIONS = {
    True: """## Corrections

Behaviour of ministack that differs from AWS. These functions depend on ministack only, so that they
can go upstream.

""",
    False: """## Connections

Patches that connect ministack to the services, the evaluation of IAM and the CloudFormation types
of the rehearsal.

""",
}
_COLUMNS = "| replaced | reason | declared in | after | ends when |\n|---|---|---|---|---|\n"
_CORRECTIONS = "`corrections."


def table() -> str:
    """Returns the page, with one row per declaration."""
    declarations: dict[tuple[str, ...], list[Target]] = {}
    for one in registry.load().patches:
        declaration = (one.source, one.why, one.until, one.after or "")
        declarations.setdefault(declaration, []).append(one.target)
    rows = {
        ("<br>".join(_labels(targets)), why, f"`{source}`", f"`{after}`" if after else "", until)
        for (source, why, until, after), targets in declarations.items()
    }
    page = _HEAD
    for are_corrections, head in _SECTIONS.items():
        page += head + _COLUMNS
        for row in sorted(rows):
            if row[2].startswith(_CORRECTIONS) is are_corrections:
                page += f"| {' | '.join(row)} |\n"
        page += "\n"
    return page.rstrip() + "\n"


def _labels(targets: list[Target]) -> list[str]:
    """Returns the names of targets, with the handlers of one resource type in one label."""
    labels = [f"`{one}`" for one in targets if not _is_handler(one)]
    handlers: dict[str, list[str]] = {}
    for one in targets:
        if _is_handler(one):
            handlers.setdefault(one.keys[0], []).extend(one.keys[1:])
    return [*labels, *(f"`{name}`: {', '.join(verbs)}" for name, verbs in handlers.items())]


def _is_handler(target: Target) -> bool:
    return target.name == "_RESOURCE_HANDLERS" and len(target.keys) == 2


if __name__ == "__main__":
    print(table(), end="")  # noqa: T201  # the output of a command
