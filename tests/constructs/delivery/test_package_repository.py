"""Packages for networks without internet access."""

import subprocess
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.access import Persona, PersonaRole, ProjectAccess
from mlops_constructs.delivery import BuildProject, PackageRepository, PackageSource

from .conftest import new_stack, resources_in
from .test_roles import allowed, statements

FAKE_AWS = """#!/bin/bash
echo "aws $*" >> "$CALLS"
case "$*" in
  *get-authorization-token*) echo token ;;
  *get-repository-endpoint*) echo https://ml-1.d.codeartifact.aws/pypi/packages/ ;;
esac
"""


def made(**given: Any) -> tuple[cdk.Stack, PackageRepository]:
    stack = new_stack()
    return stack, PackageRepository(stack, "Packages", **{"domain_name": "ml", **given})


def repositories(stack: cdk.Stack) -> dict[str, Any]:
    found = Template.from_stack(stack).find_resources("AWS::CodeArtifact::Repository")
    return {one["Properties"]["RepositoryName"]: one["Properties"] for one in found.values()}


def test_each_source_has_a_repository_upstream_of_the_one_that_is_used() -> None:
    stack, _ = made()

    found = repositories(stack)
    assert found["pypi-source"]["ExternalConnections"] == ["public:pypi"]
    assert found["npm-source"]["ExternalConnections"] == ["public:npmjs"]
    assert "ExternalConnections" not in found["packages"]
    assert len(found["packages"]["Upstreams"]) == 2


def test_packages_are_encrypted_and_kept() -> None:
    stack, _ = made()

    template = Template.from_stack(stack)
    (domain,) = template.find_resources("AWS::CodeArtifact::Domain").values()
    assert "Key" in str(domain["Properties"]["EncryptionKey"])
    for kind in ("CodeArtifact::Domain", "CodeArtifact::Repository", "KMS::Key"):
        for one in template.find_resources(f"AWS::{kind}").values():
            assert one["DeletionPolicy"] == "RetainExceptOnCreate"


def test_a_reader_installs_and_publishes_nothing() -> None:
    stack, packages = made()
    role = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())

    packages.grant_read(role)

    (policy,) = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    granted = {
        str(one["Action"]): one for one in policy["Properties"]["PolicyDocument"]["Statement"]
    }
    assert set(granted) == {
        "codeartifact:GetAuthorizationToken",
        "sts:GetServiceBearerToken",
        "['codeartifact:GetRepositoryEndpoint', 'codeartifact:ReadFromRepository']",
    }
    assert granted["sts:GetServiceBearerToken"]["Condition"] == {
        "StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"}
    }


def test_users_with_a_boundary_can_install() -> None:
    stack, packages = made()
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "churn")
    project = ProjectAccess(project_name="churn", bucket=bucket)
    role = PersonaRole(stack, "Scientists", persona=Persona.data_scientist(), project=project)

    packages.grant_read(role)

    policies = Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy")
    (boundary,) = (str(one) for name, one in policies.items() if "Boundary" in name)
    for action in ("sts:GetServiceBearerToken", "codeartifact:ReadFromRepository"):
        assert action in boundary


def test_a_build_of_a_project_finds_the_repository_and_may_read_it() -> None:
    stack, packages = made()
    project = resources_in(stack, packages=packages)
    BuildProject(
        stack, "Train", project=project, build_spec="buildspecs/train.yml", description="trains"
    )

    template = Template.from_stack(stack).to_json()
    assert "codeartifact:ReadFromRepository" in allowed(template, "TrainRole")
    assert not [one for one in statements(template, "TrainRole") if "Publish" in str(one)]
    (build,) = (
        one["Properties"]
        for one in template["Resources"].values()
        if one["Type"] == "AWS::CodeBuild::Project"
    )
    variables = {v["Name"]: v["Value"] for v in build["Environment"]["EnvironmentVariables"]}
    assert variables["CODEARTIFACT_DOMAIN"] == "ml"
    assert variables["CODEARTIFACT_REPOSITORY"] == "packages"
    assert variables["CODEARTIFACT_DOMAIN_OWNER"] == "111111111111"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"domain_name": "ML"}, "domain_name: got 'ML'; allowed are 2 to 50"),
        ({"repository_name": "x"}, "repository_name: got 'x'; allowed are 2 to 100"),
        ({"repository_name": "npm-source"}, "the name of a source's repository"),
        ({"sources": []}, "sources: got none"),
        ({"sources": [PackageSource.NPM] * 2}, "or duplicates"),
    ],
)
def test_input_that_codeartifact_does_not_support_is_rejected(
    given: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        made(**given)


def test_a_region_without_codeartifact_is_rejected_by_name() -> None:
    stack = cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(region="ca-west-1"))
    with pytest.raises(ValueError, match="has no AWS::CodeArtifact::Domain"):
        PackageRepository(stack, "Packages", domain_name="ml")


def run(script: str, folder: Path, **variables: str) -> tuple[str, str]:
    """Runs a script with a fake AWS CLI; returns its output and the calls."""
    calls = folder / "calls"
    calls.touch()
    for name, text in (("aws", FAKE_AWS), ("pip", "#!/bin/bash\n"), ("npm", "#!/bin/bash\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    environment = {"PATH": f"{folder}:/usr/bin:/bin", "CALLS": str(calls), **variables}
    done = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout, calls.read_text()


def test_the_script_of_studio_logs_pip_and_npm_in(tmp_path: Path) -> None:
    script = made()[1].studio_script().replace("sleep 36000", "false")

    _, calls = run(script, tmp_path)

    login = "--domain ml --repository packages --duration-seconds 43200"
    assert calls == "".join(
        f"aws codeartifact login --tool {tool} {login}\n" for tool in ("pip", "npm")
    )


@pytest.mark.parametrize("seed", ["model_build", "model_deploy"])
def test_the_builds_of_a_seed_take_packages_from_the_repository(seed: str, tmp_path: Path) -> None:
    file = Path(__file__).parents[3] / "seed_code" / seed / "buildspecs/packages.sh"
    show = f'. {file}; echo "${{PIP_INDEX_URL:-}} ${{UV_DEFAULT_INDEX:-}}"'

    assert run(show, tmp_path)[0] == " \n"
    place = {"CODEARTIFACT_DOMAIN_OWNER": "1", "CODEARTIFACT_REPOSITORY": "packages"}
    index, calls = run(show, tmp_path, CODEARTIFACT_DOMAIN="ml", **place)
    url = "aws:token@ml-1.d.codeartifact.aws/pypi/packages/simple/"
    assert index == f"https://{url} https://{url}\n"
    assert "--repository packages --format pypi" in calls
