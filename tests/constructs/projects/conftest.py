from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from mlops_constructs.delivery import PackageRepository
from mlops_constructs.projects import Project, ProjectTemplateStack, Seed
from mlops_constructs.projects.template_network import TemplateNetwork


@pytest.fixture(scope="package")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Seed:
    folder = tmp_path_factory.mktemp("seed")
    (folder / "README.md").write_text("begin here\n")
    return Seed(folder=folder)


@pytest.fixture(scope="package")
def project_template(seed: Seed) -> Mapping[str, Any]:
    """The template of a project with a literal name."""
    stack = cdk.Stack(cdk.App(), "Stack")
    Project(
        stack,
        "Project",
        project_name="churn",
        project_id="p-churn",
        model_build_seed=seed,
        model_deploy_seed=seed,
    )
    template: Mapping[str, Any] = Template.from_stack(stack).to_json()
    return template


@pytest.fixture(scope="package")
def parametrised_template(seed: Seed) -> Mapping[str, Any]:
    """The template from which SageMaker creates projects."""
    stack = ProjectTemplateStack(
        cdk.App(),
        "Template",
        description="test",
        model_build_seed=seed,
        model_deploy_seed=seed,
        boundary_export="Boundary",
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    template: Mapping[str, Any] = Template.from_stack(stack).to_json()
    return template


@pytest.fixture(scope="package")
def removable_template(seed: Seed) -> Mapping[str, Any]:
    """The template from which SageMaker creates projects that are removed with all they made."""
    stack = ProjectTemplateStack(
        cdk.App(),
        "Template",
        description="test",
        model_build_seed=seed,
        model_deploy_seed=seed,
        boundary_export="Boundary",
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )
    template: Mapping[str, Any] = Template.from_stack(stack).to_json()
    return template


@pytest.fixture(scope="package")
def networked_template(seed: Seed) -> Mapping[str, Any]:
    """The template from which SageMaker creates projects in a network, with packages of its own."""
    packages = PackageRepository(cdk.Stack(cdk.App(), "Stack"), "Packages", domain_name="acme")
    stack = ProjectTemplateStack(
        cdk.App(),
        "Template",
        description="test",
        model_build_seed=seed,
        model_deploy_seed=seed,
        boundary_export="Boundary",
        network=TemplateNetwork(
            vpc_id="vpc-0a1b2c3d4e5f60718",
            subnet_ids=["subnet-0a1b2c3d4e5f60718"],
            security_group_ids=["sg-0a1b2c3d4e5f60718"],
        ),
        packages=packages,
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    template: Mapping[str, Any] = Template.from_stack(stack).to_json()
    return template


@pytest.fixture(scope="package")
def templates(
    parametrised_template: Mapping[str, Any],
    removable_template: Mapping[str, Any],
    networked_template: Mapping[str, Any],
) -> Sequence[Mapping[str, Any]]:
    """The templates that differ in what a project consists of."""
    return [parametrised_template, removable_template, networked_template]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository as it lies on someone's disk."""
    root = tmp_path / "repository"
    for path in ("README.md", "src/train.py", "src/__pycache__/train.pyc", ".venv/bin/python"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root
