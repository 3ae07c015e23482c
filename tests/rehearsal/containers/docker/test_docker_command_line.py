"""The command line of `docker`: what is supported, and how the rest is rejected."""

import pytest

from rehearsal.containers.docker.command_line import DockerError, parse, reference, registry_host


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["build", "-t", "a:1", "."], "build"),
        (["buildx", "build", "--platform", "linux/amd64", "--load", "."], "build"),
        (["image", "build", "--build-arg", "A=1", "."], "build"),
        (["image", "ls"], "images"),
        (["login", "--username", "AWS", "--password-stdin", "host"], "login"),
        (["--version"], "version"),
        (["run", "--rm", "-e", "A=1", "image", "python", "-m", "pytest", "--verbose"], "run"),
        (["build", "--no-cache", "--network", "host", "-t", "a", "."], "build"),
        (["run", "-it", "--rm", "--name", "test", "-w", "/opt", "image", "ls"], "run"),
        (["run", "-m", "512m", "--cpus", "1.5", "--init", "image"], "run"),
        (["ps", "-a"], "ps"),
        (["container", "ls"], "ps"),
        (["system", "prune", "-af"], "prune"),
        (["image", "prune", "--force"], "prune"),
    ],
)
def test_a_command_is_known_by_each_of_its_spellings(words: list[str], name: str) -> None:
    assert parse(words).name == name


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], "no command"),
        (["compose", "up"], "compose up"),
        (["build", "--target", "test", "."], "--target"),
        (["build", "--secret", "id=a", "."], "--secret"),
        (
            ["build", "--platform", "linux/riscv64", "."],
            "got linux/riscv64, expected one of linux/",
        ),
        (["buildx", "build", "--platform", "linux/amd64,windows/amd64", "."], "--platform"),
        (["run", "--platform", "linux/s390x", "image"], "--platform"),
        (["run", "-v", "/:/host", "image"], "-v"),
        (["run", "--privileged", "image"], "--privileged"),
        (["run", "-w", "opt", "image"], "expected an absolute path"),
        (["run", "-m", "much", "image"], "expected a size"),
        (["run", "--cpus", "0", "image"], "expected a number of CPUs"),
        (["login", "--username", "AWS", "host"], "--password"),
    ],
)
def test_what_is_not_supported_is_named(words: list[str], named: str) -> None:
    with pytest.raises(DockerError, match="rehearsal") as raised:
        parse(words)
    assert named in str(raised.value)
    assert raised.value.status != 0


@pytest.mark.parametrize(
    ("text", "size"),
    [("512m", 512 << 20), ("2g", 2 << 30), ("1.5kb", 1536), ("100", 100), ("7b", 7)],
)
def test_a_size_has_the_units_of_docker(text: str, size: int) -> None:
    assert parse(["run", "--memory", text, "image"]).options.memory == size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("churn", "churn:latest"),
        ("models/churn:1", "models/churn:1"),
        ("localhost:5000/churn", "localhost:5000/churn:latest"),
        (f"churn@sha256:{'a' * 64}", f"churn@sha256:{'a' * 64}"),
    ],
)
def test_a_name_without_a_tag_means_latest(text: str, expected: str) -> None:
    assert reference(text) == expected


@pytest.mark.parametrize("text", ["Churn", "", "a b", "churn:", "../x", "churn:-1"])
def test_an_invalid_name_is_rejected_as_docker_does(text: str) -> None:
    with pytest.raises(DockerError, match="invalid reference format"):
        reference(text)


def test_the_address_of_a_registry_may_have_a_scheme() -> None:
    host = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
    assert registry_host(f"https://{host}") == registry_host(host) == host
    with pytest.raises(DockerError, match="expected the address"):
        registry_host("https://host/path/of/more")
