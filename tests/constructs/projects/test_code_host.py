"""The git service of a project's repositories, and the version of their seeds."""

import json
import zipfile
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match, Template

from mlops_constructs.delivery import Connection, ConnectionBase
from mlops_constructs.projects import CodeHost, Seed, SeedVersion
from tests.constructs.projects.definitions import define_project, parametrised_template_of

ARN = "arn:aws:codeconnections:eu-west-1:111111111111:connection/0c8f"
HOST = CodeHost.published_connection("/mlops/Connections/github/arn", owner="acme")


@pytest.fixture
def versioned(seed: Seed) -> Seed:
    return Seed(folder=seed.folder, version=SeedVersion(name="tabular/build", version="1.2.0"))


def connection(arn: str = ARN) -> ConnectionBase:
    return Connection.from_connection_arn(cdk.Stack(cdk.App(), "Other"), "Connection", arn)


def template_of(seed: Seed, host: CodeHost, **options: Any) -> Template:
    stack = cdk.Stack(cdk.App(), "Stack")
    define_project(
        stack,
        seed,
        code_host=host,
        model_build_seed=seed,
        model_deploy_seed=seed,
        **options,
    )
    return Template.from_stack(stack)


def source_of(template: Template, pipeline: str) -> Any:
    (found,) = template.find_resources(
        "AWS::CodePipeline::Pipeline", {"Properties": {"Name": pipeline}}
    ).values()
    return found["Properties"]["Stages"][0]["Actions"][0]


def test_pipelines_of_a_provider_wait_for_the_push_of_their_seed(versioned: Seed) -> None:
    template = template_of(versioned, CodeHost.connection(connection(), owner="acme"))

    source = source_of(template, "churn-model-build")
    assert source["ActionTypeId"]["Provider"] == "CodeStarSourceConnection"
    assert source["Configuration"]["ConnectionArn"] == ARN
    (push,) = template.find_resources("Custom::SeedPush")
    assert source["Configuration"]["FullRepositoryId"] == {
        "Fn::Join": ["", ["acme/", {"Fn::GetAtt": [push, "ModelBuild"]}]]
    }
    template.resource_count_is("AWS::CodeCommit::Repository", 0)


def test_the_push_can_only_use_the_connection_for_the_two_repositories(versioned: Seed) -> None:
    template = template_of(versioned, CodeHost.connection(connection(), owner="acme"))

    repositories = ["acme/churn-model-build", "acme/churn-model-deploy"]
    for prefix in ("codeconnections", "codestar-connections"):
        template.has_resource_properties(
            "AWS::IAM::ManagedPolicy",
            {
                "PolicyDocument": {
                    "Statement": Match.array_with(
                        [
                            {
                                "Action": f"{prefix}:UseConnection",
                                "Effect": "Allow",
                                "Resource": ARN,
                                "Condition": {
                                    "StringEqualsIfExists": {
                                        f"{prefix}:FullRepositoryId": repositories
                                    }
                                },
                            }
                        ]
                    )
                },
                "Description": Match.string_like_regexp("pushes the seeds of a new project"),
            },
        )


def test_a_template_reads_the_connection_when_it_is_deployed(versioned: Seed) -> None:
    template = parametrised_template_of(versioned, code_host=HOST)

    (parameter,) = [
        one
        for one in template["Parameters"].values()
        if one.get("Default") == "/mlops/Connections/github/arn"
    ]
    assert parameter["Type"] == "AWS::SSM::Parameter::Value<String>"


def test_a_branch_other_than_main_starts_the_pipelines(versioned: Seed) -> None:
    host = CodeHost.connection(connection(), owner="acme/ml", branch="trunk")

    source = source_of(template_of(versioned, host), "churn-model-deploy")

    assert source["Configuration"]["BranchName"] == "trunk"


def test_a_seed_without_a_version_cannot_be_pushed(seed: Seed) -> None:
    with pytest.raises(ValueError, match=r"(?s)got model-build without.*model-deploy without"):
        template_of(seed, HOST)


def test_malformed_names_of_a_provider_are_rejected_together() -> None:
    with pytest.raises(ValueError, match=r"(?s)owner: got 'a b'.*branch: got '-x'"):
        CodeHost.connection(connection(), owner="a b", branch="-x")
    with pytest.raises(ValueError, match=r"parameter_name: got 'mlops'"):
        CodeHost.published_connection("mlops", owner="acme")


def test_the_first_commit_records_the_files_of_its_seed(tmp_path: Path, versioned: Seed) -> None:
    versioned.write_zip(tmp_path / "seed.zip")

    with zipfile.ZipFile(tmp_path / "seed.zip") as archive:
        record = json.loads(archive.read(".seed.json"))
    assert (record["name"], record["version"]) == ("tabular/build", "1.2.0")
    # As `git hash-object` computes it.
    assert record["files"] == {"README.md": "c10a23a097d20f9dd505f5ed6b7196ae1d59381a"}


def test_the_record_cannot_replace_a_file_of_the_seed(tmp_path: Path) -> None:
    (tmp_path / ".seed.json").write_text("{}\n")

    with pytest.raises(ValueError, match=r"\.seed\.json: got a file of the seed"):
        Seed(folder=tmp_path, version=SeedVersion(name="x", version="1"))


def test_a_version_has_a_name_and_a_number() -> None:
    with pytest.raises(ValueError, match="name: got an empty text"):
        SeedVersion(name=" ", version="1")


def test_files_of_one_project_are_not_recorded(tmp_path: Path, versioned: Seed) -> None:
    (tmp_path / "qa.yaml").write_text("instances: 1\n")
    seed = Seed(
        folder=versioned.folder,
        project_files={"config/qa.yaml": tmp_path / "qa.yaml"},
        version=versioned.version,
    )

    contents = seed.contents()

    assert "config/qa.yaml" in contents
    assert list(json.loads(contents[".seed.json"])["files"]) == ["README.md"]
