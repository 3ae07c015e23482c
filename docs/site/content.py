"""Pages and navigation of the site, written into a folder that Zensical builds."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from docs.site import commands, examples, library, settings
from docs.site.links import ROOT, Links

_HERE = Path(__file__).parent

# Page of the site for each document of the repository.
_TUTORIAL = {"docs/tutorial.md": "tutorial.md"}
_GUIDES = {
    "docs/platform.md": "guides/platform.md",
    **{
        f"docs/operations/{page}.md": f"guides/operations/{page}.md"
        for page in (
            "first-deployment",
            "add",
            "take-over",
            "rotate-a-key",
            "upgrade",
            "recover",
            "delete",
            "tear-down",
            "break-glass",
        )
    },
    "docs/network.md": "guides/network.md",
    "docs/rehearsal.md": "guides/rehearsal.md",
    "docs/rehearse-any-cdk-app.md": "guides/rehearse-any-cdk-app.md",
    "seed_code/model_build/README.md": "guides/model-build.md",
    "seed_code/forecasting/README.md": "guides/forecasting.md",
    "seed_code/vision/README.md": "guides/vision.md",
    "seed_code/model_deploy/README.md": "guides/model-deploy.md",
    "docs/delete-a-project.md": "guides/delete-a-project.md",
    "docs/project-accounts.md": "guides/project-accounts.md",
    "docs/project-repositories.md": "guides/project-repositories.md",
    "docs/extend-the-rehearsal.md": "guides/extend-the-rehearsal.md",
}
_PACKAGES = {
    "constructs/README.md": "packages/mlops-constructs.md",
    "jobs/README.md": "packages/mlops-jobs.md",
    "rehearsal/README.md": "packages/rehearsal.md",
}
_EXPLANATION = {
    "docs/security.md": "explanation/security.md",
    "docs/cost.md": "explanation/cost.md",
    "docs/fidelity.md": "explanation/fidelity.md",
    "docs/job-members.md": "explanation/job-members.md",
    "docs/ministack-patches.md": "explanation/ministack-patches.md",
    "docs/rules.md": "explanation/rules.md",
    "docs/benchmarks/loop.md": "explanation/benchmarks-loop.md",
    "docs/benchmarks/synthesis.md": "explanation/benchmarks-synthesis.md",
    "docs/benchmarks/soak.md": "explanation/benchmarks-soak.md",
    "docs/benchmarks/monitoring.md": "explanation/benchmarks-monitoring.md",
    "docs/benchmarks/quality.md": "explanation/benchmarks-quality.md",
}
_PROJECT = {
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changelog.md",
    "SECURITY.md": "project/security-policy.md",
    "CODE_OF_CONDUCT.md": "project/code-of-conduct.md",
}
_DECISIONS = "explanation/decisions"


def write_content(folder: Path) -> Path:
    """Writes all pages and the configuration of the site.

    Args:
        folder: where the content goes; it is replaced. Zensical writes the site beside the pages.

    Returns:
        The configuration file.
    """
    pages = folder / "pages"
    shutil.rmtree(folder, ignore_errors=True)
    pages.mkdir(parents=True)
    decisions = _decisions()
    documents = {
        "README.md": "index.md",
        "docs/library.md": "examples/index.md",
        **_TUTORIAL,
        **_GUIDES,
        **_PACKAGES,
        **_EXPLANATION,
        **_PROJECT,
        **decisions,
    }
    example_pages = examples.pages()
    links = Links(
        pages,
        documents
        | {one.source: one.page for one in example_pages}
        | {"docs/adr": f"{_DECISIONS}/index.md", "docs/examples": "examples/index.md"},
    )
    for source, page in documents.items():
        links.write(page, (ROOT / source).read_text(), source)
    links.write(f"{_DECISIONS}/index.md", _list_of_decisions(decisions), "docs/adr/index.md")
    for one in example_pages:
        links.write(one.page, one.text, one.source)
    for page, text in library.pages().items():
        links.write(page, text, page)
    links.write("reference/settings.md", settings.page(), "config/settings.schema.json")
    links.write("reference/commands.md", commands.page(), "Makefile")
    reference: list[Mapping[str, object]] = [
        *library.navigation(),
        {"Settings": "reference/settings.md"},
        {"Commands": "reference/commands.md"},
        {"Packages": list(_PACKAGES.values())},
    ]
    nav: list[Mapping[str, object]] = [
        {"Home": "index.md"},
        {"Tutorial": list(_TUTORIAL.values())},
        {"How-to guides": list(_GUIDES.values())},
        {"Examples": ["examples/index.md", *examples.navigation(example_pages)]},
        {"Reference": reference},
        {
            "Explanation": [
                *_EXPLANATION.values(),
                {"Decisions": [f"{_DECISIONS}/index.md", *decisions.values()]},
            ]
        },
        {"Project": list(_PROJECT.values())},
    ]
    configuration = folder / "zensical.toml"
    template = (_HERE / "zensical.toml").read_text()
    absolute = template.replace("../..", ROOT.as_posix())
    configuration.write_text(absolute.replace("#NAV", f"nav = {_toml(nav)}"))
    return configuration


def _decisions() -> dict[str, str]:
    """The pages of the decisions, in their order."""
    files = sorted((ROOT / "docs/adr").glob("*.md"))
    return {f"docs/adr/{path.name}": f"{_DECISIONS}/{path.name}" for path in files}


def _list_of_decisions(decisions: Mapping[str, str]) -> str:
    lines = ["# Architecture decisions", ""]
    for source in decisions:
        title = (ROOT / source).read_text().splitlines()[0].removeprefix("# ")
        number, _, text = title.partition(". ")
        lines.append(f"* {number} [{text}]({Path(source).name})")
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """A navigation as TOML: arrays, inline tables and strings."""
    if isinstance(value, Mapping):
        (item,) = value.items()
        return f"{{{json.dumps(item[0])} = {_toml(item[1])}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)
