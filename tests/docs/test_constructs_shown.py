"""Every public construct is shown in use: in an example, or in a stack of this repository."""

from __future__ import annotations

import ast
import importlib
import inspect
from functools import cache
from pathlib import Path

import every_example
import pytest
from constructs import Construct

import mlops_constructs

ROOT = Path(__file__).parents[2]
AREAS = sorted(
    path.parent.name for path in Path(mlops_constructs.__file__).parent.glob("*/__init__.py")
)
MADE_BY = {
    "access.RolePolicies": "hosting.Model",
    "delivery.DeploymentRole": "delivery.ModelDeployPipeline",
    "delivery.TrainingRole": "delivery.ModelBuildPipeline",
    "feature_store.FeatureGroupRole": "feature_store.FeatureGroup",
    "monitoring.BaselineJob": "monitoring.ModelMonitor",
    "projects.ProjectTemplateStack": "projects.ProjectTemplate",
    "studio.UserProfile": "studio.UserProfiles",
}
"""What people rarely make themselves, by the construct that makes it for them and is shown."""


@cache
def shown() -> frozenset[str]:
    """Returns the names that examples and stacks call, by their last part."""
    files = [*every_example.FOLDER.rglob("*.py"), *(ROOT / "stacks").glob("*.py")]
    called: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                called.update(_names(node.func))
    return frozenset(called)


def _names(function: ast.expr) -> list[str]:
    """`delivery.DeploymentTarget` and `Monitor.data_quality` name classes too."""
    if isinstance(function, ast.Attribute):
        return [function.attr, *_names(function.value)]
    return [function.id] if isinstance(function, ast.Name) else []


def offered() -> list[str]:
    """Returns the public constructs, without the bases of owned and imported resources."""
    found = []
    for area in AREAS:
        module = importlib.import_module(f"mlops_constructs.{area}")
        for name in getattr(module, "__all__", ()):
            one = getattr(module, name)
            construct = inspect.isclass(one) and issubclass(one, Construct)
            if construct and not (inspect.isabstract(one) or name.endswith("Base")):
                found.append(f"{area}.{name}")
    return found


@pytest.mark.parametrize("construct", offered())
def test_a_construct_is_shown_or_made_by_one_that_is(construct: str) -> None:
    maker = MADE_BY.get(construct, construct)

    assert maker.split(".")[1] in shown(), f"no example and no stack uses {maker}"


@pytest.mark.parametrize("construct", MADE_BY)
def test_what_is_shown_itself_needs_no_exception(construct: str) -> None:
    assert construct in offered()
    assert construct.split(".")[1] not in shown()
