"""The commands that bootstrap each account of an app."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

from stacks.bootstrap.commands import bootstrap_commands

ROLE = "arn:aws:iam::{}:role/cdk-{}-cfn-exec-role-{}-{}"


def stack(folder: Path, name: str, account: str, region: str, qualifier: str) -> dict[str, Any]:
    """Writes a template with one topic; returns the artifact of its stack."""
    folder.mkdir(parents=True, exist_ok=True)
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {}}}}
    (folder / f"{name}.template.json").write_text(json.dumps(template))
    return {
        "type": "aws:cloudformation:stack",
        "environment": f"aws://{account}/{region}",
        "properties": {
            "templateFile": f"{name}.template.json",
            "stackName": name,
            "cloudFormationExecutionRoleArn": ROLE.format(account, qualifier, account, region),
        },
    }


def assembly(folder: Path, *, qualifier: str = "hnb659fds") -> Path:
    """An app with a pipeline in one account, and a stage in another account."""
    pipeline = stack(folder, "PlatformPipeline", "111111111111", "eu-central-1", qualifier)
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"pipeline": pipeline}}))
    inner = folder / "assembly-Prod"
    studio = stack(inner, "Studio", "222222222222", "eu-west-1", qualifier)
    (inner / "manifest.json").write_text(json.dumps({"artifacts": {"studio": studio}}))
    return folder


def test_each_account_is_bootstrapped_with_its_policies(tmp_path: Path) -> None:
    commands = bootstrap_commands(assembly(tmp_path / "app"), tmp_path / "policies")

    assert commands[0] == "# 111111111111 in eu-central-1, with credentials of this account"
    (name,) = re.findall(r"--policy-name (ml-platform-eu-central-1-1-[0-9a-f]{8}) ", commands[1])
    arn = f"arn:aws:iam::111111111111:policy/{name}"
    assert commands[1].startswith(f"aws iam get-policy --policy-arn {arn} ")
    assert commands[2].endswith(f"--cloudformation-execution-policies {arn}")
    # The CLI synthesises an app that it knows, which takes longer than the bootstrap.
    assert shlex.split(commands[2])[4:6] == ["--app", ""]
    for command in commands:
        for word in command.split():
            if word.startswith("file://"):
                assert Path(word.removeprefix("file://")).exists()


def test_other_permissions_are_another_policy(tmp_path: Path) -> None:
    app, policies = assembly(tmp_path / "app"), tmp_path / "policies"
    before = bootstrap_commands(app, policies)
    assert bootstrap_commands(app, policies) == before
    template = app / "PlatformPipeline.template.json"
    content = json.loads(template.read_text())
    content["Resources"]["Queue"] = {"Type": "AWS::SQS::Queue"}
    template.write_text(json.dumps(content))

    after = bootstrap_commands(app, policies)

    assert after[0] == before[0]
    assert after[1:3] != before[1:3]


def test_an_account_of_a_stage_trusts_the_account_of_the_pipeline(tmp_path: Path) -> None:
    commands = bootstrap_commands(assembly(tmp_path / "app"), tmp_path / "policies")

    trusting = [one for one in commands if "--trust" in one]
    assert len(trusting) == 1
    assert "aws://222222222222/eu-west-1" in trusting[0]
    assert "--trust 111111111111" in trusting[0]


def test_another_qualifier_has_a_separate_bootstrap_stack(tmp_path: Path) -> None:
    app = assembly(tmp_path / "app", qualifier="mlteam")

    commands = bootstrap_commands(app, tmp_path / "policies")
    assert [one for one in commands if "cdk bootstrap" in one and "--qualifier mlteam" in one]
