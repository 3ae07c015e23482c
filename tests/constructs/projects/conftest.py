from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from mlops_constructs.delivery import PackageRepository
from mlops_constructs.projects import CodeHost, Seed, SeedVersion
from mlops_constructs.projects.templates._template_network import TemplateNetwork
from tests.constructs.projects.definitions import parametrised_template_of, project_template_of


@pytest.fixture(scope="package")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Seed:
    folder = tmp_path_factory.mktemp("seed")
    (folder / "README.md").write_text("begin here\n")
    return Seed(folder=folder)


@pytest.fixture(scope="package")
def project_template(seed: Seed) -> Mapping[str, Any]:
    """The template of a project with a literal name."""
    return project_template_of(seed)


@pytest.fixture(scope="package")
def parametrised_template(seed: Seed) -> Mapping[str, Any]:
    """The template from which SageMaker creates projects."""
    return parametrised_template_of(seed)


@pytest.fixture(scope="package")
def removable_template(seed: Seed) -> Mapping[str, Any]:
    """The template from which SageMaker creates projects that are removed completely."""
    return parametrised_template_of(seed, removal_policy=cdk.RemovalPolicy.DESTROY)


@pytest.fixture(scope="package")
def networked_template(seed: Seed) -> Mapping[str, Any]:
    """The template from which SageMaker creates projects with a network and packages."""
    packages = PackageRepository(cdk.Stack(cdk.App(), "Stack"), "Packages", domain_name="acme")
    return parametrised_template_of(
        seed,
        network=TemplateNetwork(
            ids={
                "VpcId": "vpc-0a1b2c3d4e5f60718",
                "SubnetId1": "subnet-0a1b2c3d4e5f60718",
                "SecurityGroupId1": "sg-0a1b2c3d4e5f60718",
            },
            parameters={},
        ),
        packages=packages,
    )


@pytest.fixture(scope="package")
def connected_template(seed: Seed) -> Mapping[str, Any]:
    """The template from which SageMaker creates projects with code at a git provider."""
    versioned = Seed(folder=seed.folder, version=SeedVersion(name="test", version="1"))
    host = CodeHost.published_connection("/mlops/Connections/github/arn", owner="acme")
    return parametrised_template_of(versioned, code_host=host)


@pytest.fixture(scope="package")
def featured_template(seed: Seed) -> Mapping[str, Any]:
    """The template from which SageMaker creates projects with features that are removed."""
    return parametrised_template_of(
        seed, feature_store=True, removal_policy=cdk.RemovalPolicy.DESTROY
    )


@pytest.fixture(scope="package")
def templates(
    parametrised_template: Mapping[str, Any],
    removable_template: Mapping[str, Any],
    networked_template: Mapping[str, Any],
    connected_template: Mapping[str, Any],
    featured_template: Mapping[str, Any],
) -> Sequence[Mapping[str, Any]]:
    """The templates with different resources of a project."""
    return [
        parametrised_template,
        removable_template,
        networked_template,
        connected_template,
        featured_template,
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with files that tools created."""
    root = tmp_path / "repository"
    for path in ("README.md", "src/train.py", "src/__pycache__/train.pyc", ".venv/bin/python"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root
