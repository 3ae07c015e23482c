"""An image build cannot read or change anything outside of its container and its context."""

import io
import json
import socket
import tarfile
from pathlib import Path

import pytest

from rehearsal.containers.container import Container
from rehearsal.containers.docker import daemon
from rehearsal.containers.images import run_instruction
from rehearsal.containers.images.dockerfile import DockerfileError
from rehearsal.containers.images.run_instruction import ImageBuildError
from rehearsal.containers.images.store import ImageStore
from tests.rehearsal.containers.images.test_image_store import BASE, build, output
from tests.rehearsal.containers.images.test_image_store import context as context
from tests.rehearsal.containers.images.test_image_store import store as store


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder of the host with a secret."""
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / "key").write_text("SECRET")
    return folder


def layers(store: ImageStore) -> str:
    files = [path for path in (store.directory / "layers").rglob("*") if path.is_file()]
    return "".join(path.read_text(errors="replace") for path in files if not path.is_symlink())


def test_a_command_sees_no_cache_of_the_user(
    store: ImageStore, context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "uv-cache"
    cache.mkdir()
    (cache / "wheel").write_text("clean")
    monkeypatch.setenv("UV_CACHE_DIR", str(cache))
    build(
        store,
        context,
        "RUN echo bad > /root/.cache/uv/wheel; ls -A /root/.cache/uv > /opt/found\nCMD x\n",
    )
    assert (cache / "wheel").read_text() == "clean"
    assert [path.name for path in cache.iterdir()] == ["wheel"]


def test_a_build_leaves_nothing_that_a_later_one_uses(store: ImageStore, context: Path) -> None:
    """Layers are shared by repositories: an earlier build must not choose their content."""
    build(store, context, "RUN echo poison > /root/.cache/uv/wheel; echo 1 > /opt/one\nCMD x\n")
    image, _ = build(
        store, context, "RUN cat /root/.cache/uv/wheel > /opt/two 2>/dev/null || true\nCMD x\n"
    )
    assert image.opt["two"].read_text() == ""
    assert list(store.work_directory.iterdir()) == []


def test_commands_of_one_build_share_a_cache(store: ImageStore, context: Path) -> None:
    image, _ = build(
        store,
        context,
        "RUN echo wheel > /root/.cache/uv/wheel; echo 1 > /opt/one\n"
        "RUN cp /root/.cache/uv/wheel /opt/two\nCMD x\n",
    )
    assert image.opt["two"].read_text() == "wheel\n"


@pytest.mark.parametrize("later", ["RUN cat /opt/link/key > /opt/copy || true\n", ""])
def test_a_link_of_a_layer_shows_no_folder_of_the_host(
    store: ImageStore, context: Path, secret: Path, later: str
) -> None:
    image, _ = build(store, context, f"RUN ln -s {secret} /opt/link\n{later}CMD x\n")
    container = Container(image, entrypoint=["/bin/sh", "-c", "cat /opt/link/key || echo none"])
    container.start()
    container.wait()
    assert container.last_lines[-1] == "none"
    assert "SECRET" not in layers(store)


@pytest.mark.parametrize(
    "rest",
    [
        "COPY main.py /opt/link/\n",
        "COPY main.py /opt/link/new/main.py\n",
        "WORKDIR /opt/link/new\n",
        "RUN rm -rf /opt/link/key /opt/link || true\n",
    ],
)
def test_nothing_is_written_through_a_link_of_a_layer(
    store: ImageStore, context: Path, secret: Path, rest: str
) -> None:
    try:
        build(store, context, f"RUN ln -s {secret} /opt/link\n{rest}CMD x\n")
    except DockerfileError as error:
        assert "link" in str(error)  # some of them succeed, and change the image
    assert [path.name for path in secret.iterdir()] == ["key"]
    assert (secret / "key").read_text() == "SECRET"


@pytest.mark.parametrize("source", ["link/key", "link/*", "link/", "folder/link/key"])
def test_nothing_is_copied_through_a_link_of_the_context(
    store: ImageStore, context: Path, secret: Path, source: str
) -> None:
    (context / "folder").mkdir()
    (context / "link").symlink_to(secret)
    (context / "folder/link").symlink_to(secret)
    try:
        build(store, context, f"COPY {source} /opt/p/\nCMD x\n")
    except DockerfileError as error:
        assert "forbidden path outside the build context" in str(error)
    assert "SECRET" not in layers(store)


def test_a_link_of_the_context_is_copied_as_a_link(
    store: ImageStore, context: Path, secret: Path
) -> None:
    (context / "link").symlink_to(secret / "key")
    image, _ = build(store, context, "COPY link /opt/p/\nCMD cat /opt/p/link || echo none\n")
    assert output(image)[-1] == "none"


def test_a_dockerfile_that_is_a_link_out_is_not_read(
    store: ImageStore, context: Path, secret: Path
) -> None:
    (context / "Dockerfile").symlink_to(secret / "key")
    with pytest.raises(DockerfileError) as error:
        store.build(context)
    assert "SECRET" not in str(error.value)


def test_mount_points_are_removed_without_following_a_link(tmp_path: Path, secret: Path) -> None:
    """A command can move the folder above a mount, and put a link in its place."""
    (tmp_path / "link").symlink_to(secret)
    run_instruction._remove_mount_points(tmp_path / "link")
    assert not (tmp_path / "link").is_symlink()
    assert (secret / "key").exists()


def test_a_command_reaches_no_service_of_this_machine(store: ImageStore, context: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        program = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        (context / "main.py").write_text(program)
        with pytest.raises(ImageBuildError, match="Connection refused"):
            build(store, context, "COPY main.py /opt/p/\nRUN python3 /opt/p/main.py\nCMD x\n")


def test_a_path_with_blanks_and_other_characters_can_build(tmp_path: Path) -> None:
    place = tmp_path / "Pfad mit ü und leer"
    context = place / "context"
    context.mkdir(parents=True)
    (context / "ein Name.py").write_text("print('hello')")
    (context / "Dockerfile").write_text(
        f'{BASE}COPY ["ein Name.py", "/opt/ein Programm/main.py"]\n'
        'RUN mkdir "/opt/ein Ordner" && cp "/opt/ein Programm/main.py" "/opt/ein Ordner/"\n'
        'CMD python3 "/opt/ein Ordner/main.py"\n'
    )
    assert output(ImageStore(place / "store").build(context)) == ["hello"]


@pytest.mark.parametrize(
    ("kind", "name", "link"),
    [
        (tarfile.LNKTYPE, "hard", "{secret}/key"),
        (tarfile.LNKTYPE, "hard", "../private/key"),
        (tarfile.REGTYPE, "../private/new", ""),
        (tarfile.REGTYPE, "folder/new", ""),
        (tarfile.CHRTYPE, "device", ""),
    ],
)
def test_the_context_of_docker_has_no_member_of_the_host(
    tmp_path: Path, secret: Path, kind: bytes, name: str, link: str
) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        folder = tarfile.TarInfo("folder")
        folder.type, folder.linkname = tarfile.SYMTYPE, str(secret)
        tar.addfile(folder)
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, link.format(secret=secret)
        tar.addfile(member)
    context = tmp_path / "context"
    context.mkdir()
    size = len(archive.getvalue())
    problem = daemon._unpack(io.BytesIO(archive.getvalue()), size, context)
    assert problem is not None
    assert "the build context cannot be read" in json.dumps(problem)
    assert [path.name for path in secret.iterdir()] == ["key"]
    assert not (context / name).exists()
