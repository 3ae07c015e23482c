"""The platform with every section in one account: deployed, used, changed and destroyed.

It takes minutes: the CDK CLI deploys ten stacks to the rehearsal, with the execution policies that
the documentation recommends instead of AdministratorAccess.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal.client import server_process
from rehearsal.client.local_aws import LocalAws
from stacks.bootstrap.execution_policy import write_policies
from tests.short_builds import short_builds
from tests.stacks.sections import ROOT, STACKS, synthesise

DEFAULTS = {"removal": "destroy"}
FLOW_LOGS = "Network-NetworkFlowLogGroup"


@dataclass(frozen=True)
class Account:
    """A bootstrapped account, and the folder of the apps that are deployed to it."""

    aws: LocalAws
    folder: Path

    def app(self, name: str, **changes: Any) -> Path:
        """Synthesises the platform with changed sections; returns its assembly."""
        return synthesise(self.folder / name, {"defaults": DEFAULTS, **changes}).directory

    def cdk(self, *arguments: str) -> str:
        """Runs the CDK CLI and returns its output."""
        environment = self.aws.environment()
        program = str(shutil.which("cdk", path=environment["PATH"]))
        done = subprocess.run(
            [program, *arguments, "--no-notices", "--no-color"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        output = f"{done.stdout}{done.stderr}"
        assert done.returncode == 0, output[-4000:]
        return output

    def deploy(self, assembly: Path) -> None:
        """Deploys all stacks of an app."""
        self.cdk("deploy", "--all", "--app", str(assembly), "--require-approval", "never")

    def stacks(self) -> dict[str, dict[str, Any]]:
        """Returns the stacks of the platform by name."""
        found = self.aws.client("cloudformation").describe_stacks()["Stacks"]
        return {one["StackName"]: one for one in found if one["StackName"] != "CDKToolkit"}

    def outputs(self, stack: str) -> dict[str, str]:
        """Returns the outputs of a stack."""
        return {one["OutputKey"]: one["OutputValue"] for one in self.stacks()[stack]["Outputs"]}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account with the whole platform."""
    folder = tmp_path_factory.mktemp("lifecycle")
    aws, _ = server_process.start(folder / "aws")
    try:
        with short_builds(folder):
            found = Account(aws, folder)
            assembly = found.app("first")
            iam = aws.client("iam")
            arns = [
                iam.create_policy(PolicyName=path.stem, PolicyDocument=path.read_text())["Policy"][
                    "Arn"
                ]
                for path in write_policies(assembly, folder / "policies")
            ]
            options = ("--app", "", "--cloudformation-execution-policies", ",".join(arns))
            found.cdk("bootstrap", f"aws://{aws.account}/{aws.region}", *options)
            found.deploy(assembly)
            yield found
    finally:
        server_process.stop(folder / "aws")


def test_every_stack_is_deployed_with_the_execution_policies_alone(account: Account) -> None:
    statuses = {name: one["StackStatus"] for name, one in account.stacks().items()}

    assert statuses == dict.fromkeys(STACKS, "CREATE_COMPLETE")


def test_a_second_look_finds_no_difference(account: Account) -> None:
    output = account.cdk("diff", "--all", "--app", str(account.folder / "first" / "cdk.out"))

    assert "Number of stacks with differences: 0" in output


def test_studio_lists_the_project_templates_and_opens_with_the_roles_of_personas(
    account: Account,
) -> None:
    sagemaker = account.aws.client("sagemaker")
    domain_id = account.outputs("Studio")["DomainId"]
    domain = sagemaker.describe_domain(DomainId=domain_id)

    tags = {
        one["Key"]: one["Value"]
        for one in sagemaker.list_tags(ResourceArn=domain["DomainArn"])["Tags"]
    }
    location = account.outputs("ProjectTemplates")["TemplatesLocation"]
    assert tags["sagemaker:projectS3TemplatesLocation"] == location
    profiles = {
        name: sagemaker.describe_user_profile(DomainId=domain_id, UserProfileName=name)
        for name in ("ada", "marie")
    }
    roles = {name: one["UserSettings"]["ExecutionRole"] for name, one in profiles.items()}
    assert ":role/sagemaker-personas/People-" in roles["ada"]
    assert ":role/sagemaker-personas/Project-churn-" in roles["marie"]
    script = profiles["marie"]["UserSettings"]["JupyterLabAppSettings"]["LifecycleConfigArns"][0]
    assert "studio-lifecycle-config/projectchurn-personas-" in script.lower()


def test_the_feature_group_takes_a_record(account: Account) -> None:
    runtime = account.aws.client("sagemaker-featurestore-runtime")
    record = [
        {"FeatureName": "customer_id", "ValueAsString": "7"},
        {"FeatureName": "event_time", "ValueAsString": "2026-11-30T10:00:00Z"},
    ]
    runtime.put_record(FeatureGroupName="customers", Record=record)

    found = runtime.get_record(FeatureGroupName="customers", RecordIdentifierValueAsString="7")
    assert {"FeatureName": "customer_id", "ValueAsString": "7"} in found["Record"]


def test_a_section_is_changed_and_another_deleted_alone(account: Account) -> None:
    """The rest of the platform is deployed again without the section that is gone."""
    budget = {"name": "studio", "in": "dev", "monthly": 3000, "services": ["Amazon SageMaker"]}
    changed = account.app("changed", registry=None, feature_store=None, budgets=[budget])

    first = str(account.folder / "first" / "cdk.out")
    account.cdk("destroy", "dev/Registry", "dev/FeatureStore", "--app", first, "--force")
    account.deploy(changed)

    left = {name: one["StackStatus"] for name, one in account.stacks().items()}
    assert sorted(left) == sorted(set(STACKS) - {"Registry", "FeatureStore"})
    assert all(status.endswith("_COMPLETE") for status in left.values()), left
    budgets = account.aws.client("budgets").describe_budgets(AccountId=account.aws.account)
    assert "3000" in {one["BudgetLimit"]["Amount"] for one in budgets["Budgets"]}


def test_a_destroyed_platform_only_leaves_logs(account: Account) -> None:
    changed = str(account.folder / "changed" / "cdk.out")
    account.cdk("destroy", "--all", "--app", changed, "--force")

    client = account.aws.client
    assert not account.stacks()
    buckets = [one["Name"] for one in client("s3").list_buckets()["Buckets"]]
    assert [one for one in buckets if not one.startswith("cdk-")] == []
    roles = [one["RoleName"] for one in client("iam").list_roles()["Roles"]]
    assert [one for one in roles if not one.startswith("cdk-")] == []
    assert not client("sagemaker").list_domains()["Domains"]
    assert not client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["Network-*", "Studio-*"]}]
    )["SecurityGroups"]
    parameters = [one["Name"] for one in client("ssm").describe_parameters()["Parameters"]]
    assert [one for one in parameters if not one.startswith("/cdk-bootstrap/")] == []
    groups = [one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]]
    # SageMaker itself creates the log groups of jobs.
    assert all(one.startswith((FLOW_LOGS, "/aws/sagemaker/")) for one in groups), groups
