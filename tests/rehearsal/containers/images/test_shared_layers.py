"""Layers in a directory that several processes share."""

import subprocess
import sys
from pathlib import Path

from rehearsal.containers.images.layers import LayerStore
from rehearsal.containers.interpreter import running_interpreter

DOCKERFILE = (
    f"FROM public.ecr.aws/docker/library/python:{running_interpreter().minor_version}-slim\n"
    "RUN sleep 1 && echo executed > /opt/file && cat /opt/file\n"
    "CMD true\n"
)
BUILD = (
    "import sys; from pathlib import Path; "
    "from rehearsal.containers.images.store import ImageStore; "
    "ImageStore(Path(sys.argv[1])).build(Path(sys.argv[2]), log=print)"
)


def test_processes_that_build_the_same_image_execute_its_command_once(tmp_path: Path) -> None:
    context, store = tmp_path / "context", tmp_path / "store"
    context.mkdir()
    (context / "Dockerfile").write_text(DOCKERFILE)
    command = [sys.executable, "-c", BUILD, str(store), str(context)]

    builds = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    logs = [build.communicate()[0] for build in builds]

    assert [build.returncode for build in builds] == [0, 0, 0]
    assert [log.count("Successfully built") for log in logs] == [1, 1, 1]
    assert sum(log.splitlines().count("executed") for log in logs) == 1
    assert list((store / "layers/building").iterdir()) == []


def test_a_build_that_fails_lets_the_next_one_begin(tmp_path: Path) -> None:
    store = LayerStore(tmp_path)
    made: list[Path] = []

    def fail(opt: Path) -> None:
        raise OSError("no space")

    for make in (fail, made.append):
        try:
            store.build("key", {}, set(), make)
        except OSError as error:
            assert str(error) == "no space"

    assert len(made) == 1
    assert list((tmp_path / "building").iterdir()) == []
