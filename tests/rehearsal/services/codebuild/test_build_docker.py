"""`docker` inside of a build: in privileged mode only, and without the files of this machine."""

from rehearsal.containers.docker.program import NO_DAEMON
from rehearsal.containers.interpreter import running_interpreter
from tests.rehearsal.services.codebuild.build_observer import Prepare, commands_output

IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
PRIVILEGED = {"image": IMAGE, "privilegedMode": True}
DOCKERFILE = f"FROM python:{running_interpreter().minor_version}-slim\\nCOPY a.txt /opt/program/"


def specification(*commands: str) -> str:
    lines = "\n".join(f"      - {command}" for command in commands)
    return f"version: 0.2\nphases:\n  build:\n    commands:\n{lines}\n"


def test_without_privileged_mode_there_is_no_daemon(
    prepare_build: Prepare, build_lines: list[str]
) -> None:
    build, observer = prepare_build(specification("docker images"))
    build.run()
    assert observer.status == "FAILED"
    assert any(NO_DAEMON in line for line in build_lines)


def test_a_build_builds_an_image_and_runs_it(
    prepare_build: Prepare, build_lines: list[str]
) -> None:
    build, observer = prepare_build(
        specification(
            "mkdir context && cd context && echo content > a.txt",
            f"printf '{DOCKERFILE}' > Dockerfile",
            "docker build -t churn .",
            "docker run --rm churn cat /opt/program/a.txt",
            "docker run churn sh -c 'exit 3' || echo code $?",
        ),
        environment=PRIVILEGED,
    )
    build.run()
    assert observer.status == "SUCCEEDED", build_lines
    assert {"content", "code 3"} <= set(commands_output(build_lines))


def test_a_context_cannot_reach_a_file_of_this_machine(
    prepare_build: Prepare, build_lines: list[str]
) -> None:
    build, observer = prepare_build(
        specification(
            "mkdir context && ln -s /etc context/a.txt && ln -s / context/root",
            f"printf '{DOCKERFILE}\\nCOPY root/etc/hostname /opt/' > context/Dockerfile",
            "docker build -t evil context",
        ),
        environment=PRIVILEGED,
    )
    build.run()
    assert observer.status == "FAILED"
    assert any("forbidden path outside the build context" in line for line in build_lines)
