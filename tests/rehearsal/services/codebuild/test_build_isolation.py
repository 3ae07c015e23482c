"""A build cannot read or change anything outside of its container."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from rehearsal.containers.limits import GIBIBYTE, MEBIBYTE, Limits
from rehearsal.services.codebuild.engine import source as build_source
from rehearsal.services.codebuild.engine.compute_types import compute_limits
from rehearsal.services.codebuild.engine.run import BuildRun
from tests.rehearsal.fakes import FakePlatform
from tests.rehearsal.services.codebuild.build_observer import (
    Observer,
    Prepare,
    commands_output,
)

EVERYWHERE = "EVERYWHERE='/codebuild /root /tmp /opt /home /srv /mnt /var'"
LOCAL = {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]}


@pytest.fixture
def host_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A uv cache of the user, beside a folder that represents a checkout."""
    cache = tmp_path / "checkout/.tools/uv-cache"
    (cache / "archive-v0/one/typer").mkdir(parents=True)
    (cache / "archive-v0/one/typer/__init__.py").write_text("clean\n")
    monkeypatch.setenv("UV_CACHE_DIR", str(cache))
    return cache


def run(prepared: tuple[BuildRun, Observer]) -> Observer:
    build, observer = prepared
    build.run()
    return observer


def spec(*commands: str, rest: str = "") -> str:
    lines = "".join(f"      - {json.dumps(command)}\n" for command in (EVERYWHERE, *commands))
    return f"version: 0.2\nphases:\n  build:\n    commands:\n{lines}{rest}"


def test_a_build_sees_no_cache_of_the_user(
    prepare_build: Prepare, build_lines: list[str], host_cache: Path
) -> None:
    wheel = host_cache / "archive-v0/one/typer/__init__.py"
    environment = host_cache.parents[1] / "venv.py"
    environment.hardlink_to(wheel)  # as uv installs it
    observer = run(
        prepare_build(
            spec(
                "find $EVERYWHERE -path '*/typer/__init__.py' -writable 2>/dev/null || true",
                "for f in $(find $EVERYWHERE -path '*typer/__init__.py' 2>/dev/null); do"
                " echo bad >> $f; done || true",
            )
        )
    )
    assert observer.status == "SUCCEEDED", observer.failures
    assert environment.read_text() == "clean\n"
    assert "bad" not in "".join(path.read_text() for path in host_cache.rglob("*.py"))


def test_the_only_writable_mounts_of_a_build_are_folders_of_the_build(
    prepare_build: Prepare, build_lines: list[str], host_cache: Path, tmp_path: Path
) -> None:
    marks = "; ".join(
        f"touch {place}/written_by_build 2>/dev/null || true"
        for place in (
            "/",
            "/codebuild",
            "/codebuild/volume",
            "/codebuild/volume/..",
            "/opt",
            "/etc",
        )
    )
    observer = run(
        prepare_build(
            spec(
                marks,
                "awk '$4 ~ /^rw/ {print $5}' /proc/self/mountinfo | while read m; do"
                ' touch "$m/written_by_build" 2>/dev/null || true; done',
                "find $EVERYWHERE -name written_by_build 2>/dev/null || true",
            )
        )
    )
    assert observer.status == "SUCCEEDED", observer.failures
    written = list(tmp_path.rglob("written_by_build"))
    assert written == []  # those of the build are removed with its folders


def test_what_is_created_beside_the_cache_later_is_hidden(
    prepare_build: Prepare, build_lines: list[str], host_cache: Path
) -> None:
    later = host_cache.parents[1] / "created_later.txt"
    search = f"find $EVERYWHERE -name {later.name} 2>/dev/null | sed 's/^/found /'"
    build, observer = prepare_build(
        spec("echo waiting; until test -e $HOME/go; do sleep 0.05; done", search)
    )
    thread = threading.Thread(target=build.run)
    thread.start()
    while "waiting" not in build_lines and thread.is_alive():
        time.sleep(0.02)
    later.write_text("secret")
    next(host_cache.parents[2].glob("volume/builds/*/data/root")).joinpath("go").touch()
    thread.join()
    assert observer.status == "SUCCEEDED", observer.failures
    assert not [line for line in build_lines if line.startswith("found")]


def test_a_cache_of_one_project_is_not_that_of_another(
    prepare_build: Prepare, build_lines: list[str], tmp_path: Path
) -> None:
    text = spec(
        "cat /root/.cache/uv/mark 2>/dev/null || echo none",
        "mkdir -p /root/.cache/uv; echo one > /root/.cache/uv/mark",
        rest="cache: {paths: ['/root/.cache/uv/**/*']}\n",
    )
    for name in ("one", "one", "two"):
        observer = run(
            prepare_build(text, project=name, cache=LOCAL, caches=tmp_path / "caches" / name)
        )
        assert observer.status == "SUCCEEDED", observer.failures
    assert commands_output(build_lines) == ["none", "one", "none"]


def test_environments_are_hard_links_to_the_cache_of_the_project(
    prepare_build: Prepare, build_lines: list[str]
) -> None:
    text = spec(
        "mkdir -p $HOME/.cache/uv/venvs && echo wheel > $HOME/.cache/uv/wheel",
        "ln $HOME/.cache/uv/wheel $HOME/.cache/uv/venvs/one && ln $HOME/.cache/uv/wheel two",
        "stat -c %h two",
        rest="cache: {paths: ['/root/.cache/uv/**/*']}\n",
    )
    observer = run(prepare_build(text, cache=LOCAL))
    assert observer.status == "SUCCEEDED", observer.failures
    assert commands_output(build_lines) == ["3"]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder of the host that no build may read or change."""
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / "key").write_text("SECRET")
    return folder


def test_a_cache_folder_that_is_a_link_out_is_not_kept(
    prepare_build: Prepare, build_lines: list[str], secret: Path, tmp_path: Path
) -> None:
    text = spec(
        f"rm -rf /root/.cache && ln -s {secret.parent} /root/.cache",
        f"mkdir -p /root/a && ln -s {secret} /root/a/b",
        f"rm -rf /codebuild/volume/cache; ln -s {secret.parent} /codebuild/volume/cache || true",
        rest="cache: {paths: ['/root/.cache/private/**/*', '/root/a/b/**/*']}\n",
    )
    observer = run(prepare_build(text, cache=LOCAL))
    assert observer.status == "SUCCEEDED", observer.failures
    assert (secret / "key").read_text() == "SECRET"
    assert not [path for path in tmp_path.rglob("key") if path.parent != secret]


def test_a_link_in_the_artifacts_brings_no_file_of_the_host(
    prepare_build: Prepare, build_platform: FakePlatform, secret: Path
) -> None:
    for number, (pattern, command) in enumerate(
        [
            ("link", f"ln -s {secret}/key link"),
            ("folder/key", f"ln -s {secret} folder"),
            ("out/**/*", f"rm -rf out && ln -s {secret} out"),
        ]
    ):
        run(
            prepare_build(
                spec(command, rest=f"artifacts: {{files: ['{pattern}']}}\n"),
                artifacts={"type": "S3", "location": "store", "name": str(number)},
            )
        )
    assert b"SECRET" not in b"".join(build_platform.objects.values())


def test_a_base_directory_that_is_a_link_out_is_rejected(
    prepare_build: Prepare, build_platform: FakePlatform, secret: Path
) -> None:
    observer = run(
        prepare_build(
            spec(
                f"ln -s {secret} out",
                rest="artifacts: {base-directory: out, files: ['**/*']}\n",
            ),
            artifacts={"type": "S3", "location": "store", "name": "x", "packaging": "ZIP"},
        )
    )
    assert observer.status == "FAILED"
    assert "out" in observer.failures["UPLOAD_ARTIFACTS"][1]
    assert build_platform.objects == {}


def test_the_source_folder_cannot_be_replaced_by_a_link_out(
    prepare_build: Prepare, build_platform: FakePlatform, secret: Path
) -> None:
    observer = run(
        prepare_build(
            spec(
                f"cd / && S=$(readlink -f $CODEBUILD_SRC_DIR) && rm -rf $S && ln -s {secret} $S",
                rest="artifacts: {files: ['**/*']}\n",
            ),
            artifacts={"type": "S3", "location": "store", "name": "x"},
        )
    )
    assert b"SECRET" not in b"".join(build_platform.objects.values())
    assert observer.status == "FAILED"


def test_exported_variables_are_not_read_through_a_link(
    prepare_build: Prepare, secret: Path
) -> None:
    (secret / "variables").write_text("A=SECRET\0")
    observer = run(
        prepare_build(
            spec(
                f"for f in $(find $EVERYWHERE -name exported -writable 2>/dev/null) "
                f"/codebuild/control/exported; do ln -sf {secret}/variables $f || true; done",
                rest="env: {exported-variables: [A]}\n",
            )
        )
    )
    assert observer.variables.get("A", "") == ""


def test_the_server_writes_no_command_through_a_link(
    prepare_build: Prepare, secret: Path, build_lines: list[str]
) -> None:
    script = "; ".join(
        f"rm -rf {place}; ln -s {secret} {place}"
        for place in ("/codebuild/volume/control", "/codebuild/control")
    )
    run(prepare_build(spec(f"({script}) 2>/dev/null; true", "echo next", "echo last")))
    assert [path.name for path in secret.iterdir()] == ["key"]


def test_a_build_specification_that_is_a_link_out_is_not_read(
    prepare_build: Prepare, secret: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(source: object, version: object, directory: Path, access: object) -> None:
        (directory / "buildspec.yml").symlink_to(secret / "key")

    monkeypatch.setattr(build_source, "fetch", fetch)
    observer = run(prepare_build("", source={"type": "NO_SOURCE", "buildspec": "buildspec.yml"}))
    code, message = observer.failures["DOWNLOAD_SOURCE"]
    assert code == "YAML_FILE_ERROR"
    assert "SECRET" not in message


def test_a_build_has_no_credentials_of_registries(
    prepare_build: Prepare, build_lines: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine nexus.example login ada password SECRET")
    (home / ".npmrc").write_text("//npm.example/:_authToken=SECRET\nfund=false\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://ada:SECRET@nexus.example/simple")
    observer = run(prepare_build(spec("env; cat /root/.netrc /root/.npmrc /etc/pip.conf || true")))
    assert observer.status == "SUCCEEDED", observer.failures
    assert "PIP_EXTRA_INDEX_URL=https://nexus.example/simple" in build_lines
    assert "fund=false" in build_lines
    assert not [line for line in build_lines if "SECRET" in line]


def test_a_build_can_be_below_a_path_with_blanks_and_other_characters(
    prepare_build: Prepare,
    build_lines: list[str],
    build_platform: FakePlatform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = tmp_path / "Pfad mit ü und leer"
    place.mkdir()
    bundle = place / "ca bundle.pem"
    bundle.write_text("certificates")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    text = spec(
        "mkdir -p $HOME/.cache/uv 'ein Ordner' && cd 'ein Ordner' && echo 1 > 'ä b'",
        "pwd && cat 'ä b' \"$REQUESTS_CA_BUNDLE\"; exit 0",
        "pwd",
        rest="artifacts: {files: ['ein Ordner/*']}\ncache: {paths: ['/root/.cache/uv/**/*']}\n",
    )
    observer = run(
        prepare_build(
            text,
            volume=place / "volume",
            caches=place / "caches",
            cache=LOCAL,
            artifacts={"type": "S3", "location": "store", "name": "x"},
        )
    )
    assert observer.status == "SUCCEEDED", observer.failures
    folder, one, certificates, again = commands_output(build_lines)
    assert (one, certificates) == ("1", "certificates")
    assert folder == again
    assert set(build_platform.objects) == {"s3://store/x/ein Ordner/ä b"}
    assert sorted(path.name for path in place.iterdir()) == ["ca bundle.pem", "caches", "volume"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("python -c 'b = bytearray(2 << 30)'", "out of memory: more than 0.3 GiB were used"),
        ("bomb() { bomb | bomb & }; bomb; sleep 600", "too many processes: 200 were running"),
    ],
)
def test_a_build_that_exceeds_a_limit_names_it(
    prepare_build: Prepare, monkeypatch: pytest.MonkeyPatch, command: str, reason: str
) -> None:
    small = Limits(memory=300 * MEBIBYTE, processes=200)
    monkeypatch.setattr(
        "rehearsal.services.codebuild.engine.phases.compute_limits", lambda _: small
    )
    observer = run(prepare_build(spec(command)))
    code, message = observer.failures["BUILD"]
    assert code == "COMMAND_EXECUTION_ERROR"
    assert f"Reason: exit status 137. Killed, {reason}" in message


def test_a_build_has_the_limits_of_its_compute_type() -> None:
    small = compute_limits({"computeType": "BUILD_GENERAL1_SMALL"})
    assert (small.cpus, small.memory, small.disk) == (2, 4 * GIBIBYTE, 64 * GIBIBYTE)
    large = compute_limits({"computeType": "BUILD_GENERAL1_LARGE"})
    assert (large.cpus, large.memory, large.disk) == (8, 16 * GIBIBYTE, 128 * GIBIBYTE)
