"""The least-privilege policies of CloudFormation's role, which suffice to deploy the platform."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

import app
from rehearsal.client import server_process
from rehearsal.client.local_aws import LocalAws
from stacks.bootstrap.execution_policy import Deployed, deployed, write_policies
from stacks.settings import load_settings
from tests.short_builds import short_builds
from tests.stacks.conftest import ROOT, STRICT

SETTINGS = """
accounts: {dev: {id: "111111111111", region: us-east-1}}
defaults: {termination_protection: false}
project_templates: {removal: destroy, service_catalog: {principals: [role/users/*]}}
projects: [{name: churn, removal: destroy}]
"""


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policy")
    (folder / "settings.yaml").write_text(SETTINGS)
    found = cdk.App(outdir=str(folder / "out"), analytics_reporting=False, context=STRICT)
    with short_builds(folder):
        app.add_all(found, load_settings(folder / "settings.yaml"), "settings.yaml")
        found.synth()
    return folder / "out"


def statements(place: Deployed) -> list[dict[str, Any]]:
    return [one for policy in place.policies() for one in policy["Statement"]]


def statement(place: Deployed, action: str) -> dict[str, Any]:
    (found,) = (one for one in statements(place) if action in one["Action"])
    return found


def test_the_policies_fit_into_a_role(assembly: Path, tmp_path: Path) -> None:
    written = write_policies(assembly, tmp_path)

    assert 1 <= len(written) <= 10
    for path in written:
        compact = json.dumps(json.loads(path.read_text()), separators=(",", ":"))
        assert len(compact) <= 6144


def test_roles_are_made_and_passed_under_the_paths_of_the_app_alone(assembly: Path) -> None:
    (place,) = deployed(assembly)

    for action in ("iam:CreateRole", "iam:PassRole", "iam:AttachRolePolicy"):
        resources = statement(place, action)["Resource"]
        assert "arn:aws:iam::111111111111:role/sagemaker-projects/*" in resources
        assert not [one for one in resources if one.endswith((":role/*", ":role/cdk-*"))]
    passed = statement(place, "iam:PassRole")["Condition"]["StringEquals"]["iam:PassedToService"]
    assert "codepipeline.amazonaws.com" in passed
    assert "ec2.amazonaws.com" not in passed


def test_nothing_is_allowed_to_a_whole_service(assembly: Path) -> None:
    (place,) = deployed(assembly)

    actions = [action for one in statements(place) for action in one["Action"]]
    assert not [action for action in actions if "*" in action]
    assert not [action for action in actions if action.split(":")[0] in ("organizations", "sts")]


def test_a_group_with_an_encrypted_online_store_has_the_documented_permissions() -> None:
    place = Deployed("111111111111", "us-east-1")
    role = "arn:aws:iam::111111111111:role/cdk-hnb659fds-cfn-exec-role-111111111111-us-east-1"
    template = {"Resources": {"Group": {"Type": "AWS::SageMaker::FeatureGroup"}}}

    place.add("features", role, template)

    allowed = {action for one in statements(place) for action in one["Action"]}
    assert {f"kms:{name}" for name in ("CreateGrant", "Encrypt", "ReEncryptTo", "ListAliases")} <= (
        allowed
    )


def test_objects_are_read_of_bootstraps_bucket_alone(assembly: Path) -> None:
    (place,) = deployed(assembly)

    assert statement(place, "s3:GetObject")["Resource"] == [
        "arn:aws:s3:::cdk-hnb659fds-assets-111111111111-us-east-1/*"
    ]


def test_with_a_boundary_no_role_is_made_or_changed_without_it() -> None:
    place = Deployed("111111111111", "us-east-1")
    boundary = "arn:aws:iam::111111111111:policy/OrgBoundary"
    trust = {"Statement": [{"Principal": {"Service": "lambda.amazonaws.com"}}]}
    role = {"AssumeRolePolicyDocument": trust, "PermissionsBoundary": boundary}
    resources = {"Role": {"Type": "AWS::IAM::Role", "Properties": role}}
    execution_role = "arn:aws:iam::111111111111:role/cdk-own-cfn-exec-role-1-r"

    place.add(
        "A-name-that-is-cut-short-by-CloudFormation", execution_role, {"Resources": resources}
    )

    made = statement(place, "iam:CreateRole")
    assert made["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": [boundary]}}
    assert made["Resource"] == ["arn:aws:iam::111111111111:role/A-name-that-is-cut-s*"]
    actions = [action for one in statements(place) for action in one["Action"]]
    assert "iam:DeleteRolePermissionsBoundary" not in actions


def test_the_command_says_which_files_it_has_written(assembly: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stacks", "execution-policy", str(assembly)]

    done = subprocess.run(
        [*command, "--output", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == [str(path) for path in sorted(tmp_path.iterdir())]


def test_a_folder_without_an_app_is_rejected(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stacks", "execution-policy", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.strip() == f"{tmp_path}: got no app; write one: npx cdk synth --quiet"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory, assembly: Path) -> Iterator[LocalAws]:
    """An account that was bootstrapped with the policies instead of AdministratorAccess."""
    folder = tmp_path_factory.mktemp("account")
    started, _ = server_process.start(folder / "aws")
    try:
        iam = started.client("iam")
        arns = [
            iam.create_policy(PolicyName=path.stem, PolicyDocument=path.read_text())["Policy"][
                "Arn"
            ]
            for path in write_policies(assembly, folder / "policies")
        ]
        place = f"aws://{started.account}/{started.region}"
        options = ("--app", "", "--cloudformation-execution-policies", ",".join(arns))
        run_cdk(started, "bootstrap", place, *options)
        yield started
    finally:
        server_process.stop(folder / "aws")


def run_cdk(aws: LocalAws, *arguments: str) -> None:
    environment = aws.environment()
    program = str(shutil.which("cdk", path=environment["PATH"]))
    done = subprocess.run(
        [program, *arguments, "--no-notices", "--no-color"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}{done.stderr[-3000:]}"


def test_the_stacks_are_deployed_and_deleted_with_nothing_but_the_policies(
    aws: LocalAws, assembly: Path
) -> None:
    attached = aws.client("iam").list_attached_role_policies(
        RoleName=f"cdk-hnb659fds-cfn-exec-role-{aws.account}-{aws.region}"
    )["AttachedPolicies"]
    assert "AdministratorAccess" not in [one["PolicyName"] for one in attached]

    run_cdk(aws, "deploy", "--all", "--app", str(assembly), "--require-approval", "never")

    found = aws.client("cloudformation").describe_stacks()["Stacks"]
    assert {one["StackName"]: one["StackStatus"] for one in found} == {
        "CDKToolkit": "CREATE_COMPLETE",
        "ProjectTemplates": "CREATE_COMPLETE",
        "Project-churn": "CREATE_COMPLETE",
    }


def test_a_role_elsewhere_is_denied(aws: LocalAws, assembly: Path) -> None:
    """The first attempt of an attacker who can push templates."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": aws.account},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = {"AssumeRolePolicyDocument": trust, "RoleName": "administrator"}
    template = {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": role}}}
    name = f"cdk-hnb659fds-cfn-exec-role-{aws.account}-{aws.region}"
    stacks = aws.client("cloudformation")

    stacks.create_stack(
        StackName="elsewhere",
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        RoleARN=f"arn:aws:iam::{aws.account}:role/{name}",
    )

    with pytest.raises(Exception, match="ROLLBACK"):
        stacks.get_waiter("stack_create_complete").wait(
            StackName="elsewhere", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
    events = stacks.describe_stack_events(StackName="elsewhere")["StackEvents"]
    assert any("iam:CreateRole" in one.get("ResourceStatusReason", "") for one in events)
