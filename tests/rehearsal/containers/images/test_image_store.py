"""Image builds: results, caching and rejected instructions."""

import threading
from pathlib import Path

import pytest

from rehearsal.containers.container import Container
from rehearsal.containers.image import Image
from rehearsal.containers.images.dockerfile import DockerfileError
from rehearsal.containers.images.run_instruction import ImageBuildError
from rehearsal.containers.images.store import ImageStore, UnknownImageError
from rehearsal.containers.interpreter import find_interpreter, running_interpreter

BASE = f"FROM public.ecr.aws/docker/library/python:{running_interpreter().minor_version}-slim\n"


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "store")


@pytest.fixture
def context(tmp_path: Path) -> Path:
    directory = tmp_path / "context"
    directory.mkdir()
    (directory / "main.py").write_text("print('hello')")
    return directory


def build(store: ImageStore, context: Path, rest: str) -> tuple[Image, list[str]]:
    (context / "Dockerfile").write_text(BASE + rest)
    log: list[str] = []
    return store.build(context, "Dockerfile", log.append), log


def output(image: Image, *arguments: str) -> list[str]:
    container = Container(image, arguments=arguments or None)
    container.start()
    assert container.wait() == 0, container.last_lines
    return container.last_lines


def test_an_image_runs_its_entry_point_with_arguments(store: ImageStore, context: Path) -> None:
    (context / "main.py").write_text(
        "import os, sys; print(sys.argv[1:], os.getcwd(), os.environ['A'])"
    )
    rest = (
        "ARG VERSION=1\nENV A=v$VERSION B=${A}\nWORKDIR /opt/program\nCOPY main.py ./\n"
        'EXPOSE 8080\nLABEL owner="a team"\nUSER root\n'
        'ENTRYPOINT ["python3", "main.py"]\nCMD ["default"]\n'
    )
    image, log = build(store, context, rest)
    assert output(image) == ["['default'] /opt/program v1"]
    assert output(image, "train") == ["['train'] /opt/program v1"]
    assert image.labels == {"owner": "a team"}
    assert image.exposed_ports == ("8080",)
    assert log[0].startswith("Step 1/10 : FROM")
    assert log[-1] == f"Successfully built {image.digest}"


def test_path_is_extended_as_in_a_python_image(store: ImageStore, context: Path) -> None:
    image, _ = build(store, context, "ENV PATH=/opt/venv/bin:$PATH\nCMD python3 -V\n")
    assert image.environment["PATH"].startswith("/opt/venv/bin:/usr/local/bin:")
    assert output(image) == [f"Python {running_interpreter().version}"]


def test_a_command_creates_files_below_opt(store: ImageStore, context: Path) -> None:
    rest = (
        "WORKDIR /opt/program\nCOPY main.py .\n"
        "RUN python3 -m venv --without-pip /opt/venv && cp main.py other.py\n"
        "ENV PATH=/opt/venv/bin:$PATH\n"
        "CMD python3 -c 'import sys; print(sys.prefix)' && python3 other.py\n"
    )
    image, _ = build(store, context, rest)
    assert set(image.opt) == {"program", "venv"}
    assert output(image) == ["/opt/venv", "hello"]


def test_an_unchanged_build_executes_no_command(store: ImageStore, context: Path) -> None:
    rest = "COPY main.py /opt/program/\nRUN echo executed > /opt/mark\nCMD cat /opt/mark\n"
    first, log = build(store, context, rest)
    assert " ---> Using cache" not in log
    (context / "main.py").touch()
    second, log = build(store, context, rest)
    assert log.count(" ---> Using cache") == 2
    assert second == first
    assert store.get(first.digest) == first


def test_changed_code_keeps_the_layers_before_it(store: ImageStore, context: Path) -> None:
    rest = (
        "RUN mkdir /opt/venv && echo big > /opt/venv/file\nCOPY main.py /opt/program/\n"
        "CMD python3 /opt/program/main.py\n"
    )
    first, _ = build(store, context, rest)
    (context / "main.py").write_text("print('changed')")
    second, log = build(store, context, rest)
    assert log.count(" ---> Using cache") == 1
    assert second.digest != first.digest
    assert second.opt["venv"] == first.opt["venv"]
    assert (output(first), output(second)) == (["hello"], ["changed"])


def test_a_later_command_never_changes_an_older_layer(store: ImageStore, context: Path) -> None:
    one = "RUN mkdir /opt/data && echo one > /opt/data/file && echo x > /opt/gone\n"
    first, _ = build(store, context, f"{one}CMD cat /opt/data/file; ls /opt\n")
    second, _ = build(
        store,
        context,
        f"{one}RUN echo two >> /opt/data/file && rm /opt/gone\nCMD cat /opt/data/file; ls /opt\n",
    )
    assert output(first) == ["one", "data", "gone"]
    assert output(second) == ["one", "two", "data"]


def test_a_later_command_that_changes_one_entry_reuses_the_others(
    store: ImageStore, context: Path
) -> None:
    one = "RUN mkdir /opt/big /opt/small && echo x > /opt/big/file\n"
    first, _ = build(store, context, f"{one}CMD true\n")
    second, _ = build(store, context, f"{one}RUN echo y > /opt/small/file\nCMD true\n")
    assert second.opt["big"] == first.opt["big"]
    assert second.opt["small"] != first.opt["small"]


TWO_FOLDERS = "RUN mkdir /opt/big /opt/new && echo one > /opt/big/file && echo x > /opt/big/gone\n"


@pytest.mark.parametrize("means", ["overlays", "copies"])
class TestLargeFolders:
    """A command on top of a large folder: the same result with overlays and without."""

    @pytest.fixture(autouse=True)
    def _all_folders_are_large(self, monkeypatch: pytest.MonkeyPatch, means: str) -> None:
        monkeypatch.setattr("rehearsal.containers.images.overlay._MIN_FILES", 1)
        if means == "copies":
            monkeypatch.setattr("rehearsal.containers.images.build.overlays_work", lambda *_: False)

    def test_an_unchanged_folder_is_shared(self, store: ImageStore, context: Path) -> None:
        first, _ = build(store, context, f"{TWO_FOLDERS}CMD true\n")
        rest = f"{TWO_FOLDERS}RUN cat /opt/big/file > /opt/new/file\nCMD cat /opt/new/file\n"
        second, _ = build(store, context, rest)
        assert second.opt["big"] == first.opt["big"]
        assert output(second) == ["one"]

    def test_a_changed_folder_becomes_a_complete_new_one(
        self, store: ImageStore, context: Path
    ) -> None:
        show = "CMD cat /opt/big/file; ls /opt/big\n"
        first, _ = build(store, context, f"{TWO_FOLDERS}{show}")
        change = "RUN echo two >> /opt/big/file && rm /opt/big/gone && touch /opt/big/more\n"
        second, _ = build(store, context, f"{TWO_FOLDERS}{change}{show}")
        assert output(first) == ["one", "file", "gone"]
        assert output(second) == ["one", "two", "file", "more"]
        assert {path.name for path in second.opt["big"].iterdir()} == {"file", "more"}

    def test_a_folder_can_be_replaced(self, store: ImageStore, context: Path) -> None:
        change = "RUN rm -r /opt/big && mkdir /opt/big && echo new > /opt/big/file\n"
        image, _ = build(store, context, f"{TWO_FOLDERS}{change}CMD cat /opt/big/file\n")
        assert output(image) == ["new"]

    def test_no_temporary_files_remain(self, store: ImageStore, context: Path) -> None:
        build(store, context, f"{TWO_FOLDERS}RUN touch /opt/big/more\nCMD true\n")
        with pytest.raises(ImageBuildError):
            build(store, context, f"{TWO_FOLDERS}RUN touch /opt/big/more; exit 1\nCMD true\n")
        assert list((store.directory / "layers/building").iterdir()) == []
        layers = (store.directory / "layers").iterdir()
        assert {path.name for layer in layers for path in layer.iterdir()} == {"layer.json", "opt"}


def test_the_digest_does_not_depend_on_place_or_time(tmp_path: Path) -> None:
    digests = set()
    for name in ("a", "b"):
        context = tmp_path / name
        context.mkdir()
        (context / "main.py").write_text("same")
        image, _ = build(ImageStore(tmp_path / f"store-{name}"), context, "COPY . /opt/p/\nCMD x\n")
        digests.add(image.digest)
    assert len(digests) == 1


def test_labels_change_the_digest_but_no_layer(store: ImageStore, context: Path) -> None:
    first, _ = build(store, context, "LABEL c=1\nCOPY main.py /opt/p/\nCMD x\n")
    second, log = build(store, context, "LABEL c=2\nCOPY main.py /opt/p/\nCMD x\n")
    assert first.digest != second.digest
    assert " ---> Using cache" in log


def test_concurrent_builds_have_the_same_image(store: ImageStore, context: Path) -> None:
    (context / "Dockerfile").write_text(f"{BASE}RUN echo x >> /opt/count\nCMD cat /opt/count\n")
    images: list[Image] = []
    threads = [
        threading.Thread(target=lambda: images.append(store.build(context))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({image.digest for image in images}) == 1
    assert output(images[0]) == ["x"]
    assert list((store.directory / "layers/building").iterdir()) == []


def test_a_failed_command_is_reported_and_leaves_no_files(store: ImageStore, context: Path) -> None:
    with pytest.raises(ImageBuildError, match=r"'echo sorry; exit 3' returned a non-zero code: 3"):
        build(store, context, "RUN echo sorry; exit 3\n")
    assert list((store.directory / "layers/building").iterdir()) == []


@pytest.mark.parametrize(
    "command",
    ["mkdir /app", "touch /usr/x", "echo x > /root/.profile", "touch /usr/local/bin/x"],
)
def test_writing_outside_of_opt_fails_with_the_reason(
    store: ImageStore, context: Path, command: str
) -> None:
    with pytest.raises(ImageBuildError, match="keeps only /opt"):
        build(store, context, f"RUN {command}\n")


def test_a_build_can_be_stopped(store: ImageStore, context: Path) -> None:
    (context / "Dockerfile").write_text(f"{BASE}RUN echo begun; sleep 600\n")
    stop = threading.Event()

    def log(line: str) -> None:
        if line == "begun":
            stop.set()

    with pytest.raises(ImageBuildError, match="stopped"):
        store.build(context, "Dockerfile", log, stop)


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("COPY main.py /app/\n", "below /opt"),
        ("COPY main.py /opt/../etc/x\n", "below /opt"),
        ("WORKDIR /srv\n", "below /opt"),
        ("COPY missing /opt/p/\n", "line 2: .*not found in the build context"),
        ("COPY main.py Dockerfile /opt/p\n", "ends with /"),
        ("COPY main.py\n", "at least one source"),
        ("USER nobody\n", "expected root"),
    ],
)
def test_unsupported_instructions_are_rejected(
    store: ImageStore, context: Path, rest: str, message: str
) -> None:
    with pytest.raises(DockerfileError, match=message):
        build(store, context, rest)


@pytest.mark.parametrize("base", ["ubuntu:24.04", "python:2.7", "python:3.11-alpine", "scratch"])
def test_another_base_image_is_rejected(store: ImageStore, context: Path, base: str) -> None:
    (context / "Dockerfile").write_text(f"FROM {base}\n")
    with pytest.raises(DockerfileError, match=r"expected python:3\.x"):
        store.build(context)


def test_a_missing_python_is_replaced_with_a_warning(store: ImageStore, context: Path) -> None:
    (context / "Dockerfile").write_text("ARG V=3.99\nFROM python:${V}-slim AS base\nCMD true\n")
    log: list[str] = []
    image = store.build(context, "Dockerfile", log.append)
    assert image.interpreter == running_interpreter()
    assert any("WARNING: this machine has no Python 3.99" in line for line in log)


def test_a_missing_dockerfile_is_named(store: ImageStore, context: Path) -> None:
    with pytest.raises(DockerfileError, match=r"there is no docker/Dockerfile"):
        store.build(context, "docker/Dockerfile")


def test_an_unknown_digest_is_rejected(store: ImageStore) -> None:
    with pytest.raises(UnknownImageError, match="was not built on this machine"):
        store.get("sha256:0")


def test_no_interpreter_is_found_for_a_version_that_is_not_installed() -> None:
    assert find_interpreter("3.99") is None
