"""Builds run their commands in a container and end as CodeBuild's would."""

from __future__ import annotations

import threading
import time

from tests.rehearsal.fakes import ROLE, FakePlatform
from tests.rehearsal.services.codebuild.build_observer import Prepare, commands_output


def test_commands_share_one_shell_with_its_variables_and_folder(
    prepare_build: Prepare, build_lines: list[str]
) -> None:
    run, observer = prepare_build(
        """
version: 0.2
env:
  variables: {A: given}
  exported-variables: [C]
phases:
  install: {commands: [B=plain, export C=exported, cd /tmp]}
  pre_build: {commands: ['echo "$A $B $C $(pwd)"']}
  build: {commands: [exit 0, 'echo "$C $(pwd)"', "printf 'no end of line'"]}
  post_build: {commands: ['echo "$CODEBUILD_BUILD_NUMBER $HOME $AWS_REGION $CODEBUILD_INITIATOR"']}
"""
    )
    run.run()
    assert observer.status == "SUCCEEDED", observer.failures
    assert commands_output(build_lines) == [
        "given plain exported /tmp",
        "exported /tmp",
        "no end of line",
        "7 /root us-east-1 ada",
    ]
    assert observer.variables == {"C": "exported"}
    assert set(observer.phases.values()) == {"SUCCEEDED"}


def test_a_failing_build_still_runs_post_build_and_finally(
    prepare_build: Prepare, build_lines: list[str]
) -> None:
    run, observer = prepare_build(
        """
version: 0.2
phases:
  build: {commands: ["echo 'ValueError: no data' >&2; exit 3", echo never], finally: [echo finally]}
  post_build: {commands: ['echo "succeeding=$CODEBUILD_BUILD_SUCCEEDING"']}
"""
    )
    run.run()
    assert observer.status == "FAILED"
    assert observer.phases["BUILD"] == "FAILED"
    assert observer.phases["POST_BUILD"] == "SUCCEEDED"
    code, message = observer.failures["BUILD"]
    assert code == "COMMAND_EXECUTION_ERROR"
    assert "exit status 3" in message
    assert "ValueError: no data" in message
    assert commands_output(build_lines)[-2:] == ["finally", "succeeding=0"]


def test_a_failing_pre_build_ends_the_build(prepare_build: Prepare) -> None:
    run, observer = prepare_build(
        "version: 0.2\nphases: {pre_build: {commands: ['false']}, build: {commands: [echo x]}}"
    )
    run.run()
    assert observer.status == "FAILED"
    assert "BUILD" not in observer.phases


def test_on_failure_continue_goes_on_and_stays_red(prepare_build: Prepare) -> None:
    run, observer = prepare_build(
        "version: 0.2\nphases: {pre_build: {on-failure: CONTINUE, commands: ['false']}, "
        "build: {commands: [echo x]}}"
    )
    run.run()
    assert observer.phases["BUILD"] == "SUCCEEDED"
    assert observer.status == "FAILED"


def test_a_build_that_takes_too_long_times_out(prepare_build: Prepare) -> None:
    run, observer = prepare_build(
        "version: 0.2\nphases: {build: {commands: [sleep 100]}}", timeout_minutes=0.05
    )
    run.run()
    assert observer.status == "TIMED_OUT"
    # On a busy machine, the three seconds may be over while the build is set up.
    assert {code for code, _ in observer.failures.values()} == {"BUILD_TIMED_OUT"}


def test_a_stopped_build_ends_at_once(prepare_build: Prepare, build_lines: list[str]) -> None:
    run, observer = prepare_build(
        "version: 0.2\nphases: {build: {commands: [echo started; sleep 100]}}"
    )
    thread = threading.Thread(target=run.run)
    thread.start()
    while "started" not in build_lines:
        time.sleep(0.05)
    run.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert observer.status == "STOPPED"


def test_a_wrong_specification_fails_before_anything_runs(prepare_build: Prepare) -> None:
    run, observer = prepare_build("version: 0.1\nphases: {build: {commands: [echo x]}}")
    run.run()
    assert observer.failures["DOWNLOAD_SOURCE"][0] == "YAML_FILE_ERROR"
    assert "INSTALL" not in observer.phases


def test_a_missing_specification_file_is_named(prepare_build: Prepare) -> None:
    run, observer = prepare_build("", source={"type": "NO_SOURCE", "buildspec": "ci/spec.yml"})
    run.run()
    code, message = observer.failures["DOWNLOAD_SOURCE"]
    assert code == "YAML_FILE_ERROR"
    assert "ci/spec.yml: no such file or directory" in message


def test_a_role_that_may_not_join_the_vpc_gets_the_missing_permission_in_its_error(
    prepare_build: Prepare, build_platform: FakePlatform
) -> None:
    subnet = "arn:aws:ec2:us-east-1:111111111111:subnet/subnet-1"
    build_platform.denied.add(("ec2:CreateNetworkInterface", subnet))
    vpc = {"vpcId": "vpc-1", "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]}
    run, observer = prepare_build("version: 0.2\nphases: {build: {commands: [echo x]}}", vpc=vpc)
    run.run()
    code, message = observer.failures["PROVISIONING"]
    assert code == "UNAUTHORIZED_OPERATION_CREATE_NETWORK_INTERFACE"
    assert f"ec2:CreateNetworkInterface on {subnet}" in message


def test_a_role_that_codebuild_may_not_assume_is_access_denied(
    prepare_build: Prepare, build_platform: FakePlatform
) -> None:
    build_platform.denied.add(("sts:AssumeRole", ROLE))
    run, observer = prepare_build("version: 0.2\nphases: {build: {commands: [echo x]}}")
    run.run()
    assert observer.failures["PROVISIONING"][0] == "ACCESS_DENIED"
    assert observer.status == "FAILED"
    principal, source_arn = build_platform.assumed[0]
    assert principal == "codebuild.amazonaws.com"
    assert source_arn
    assert source_arn.startswith("arn:aws:codebuild:us-east-1:111111111111:project/")
