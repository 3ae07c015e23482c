"""The server as a process: start, errors, end."""

import http.client
import json
import os
import re
import signal
import socket
import ssl
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from rehearsal.server import main


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            if int(text.rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.name))
    return found


def test_it_announces_itself_and_ends_without_a_child(server_process: Any) -> None:
    process, endpoint = server_process(services=("toy_services:WithChildren",))
    assert endpoint["pid"] == process.pid
    assert endpoint["accounts"] == ["111111111111"]
    assert Path(endpoint["ca_bundle"]).exists()
    children = _children(process.pid)
    assert len(children) == 2
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert time.monotonic() - started < 6
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_it_ends_on_an_interrupt_with_an_open_connection(server_process: Any) -> None:
    process, endpoint = server_process()
    with socket.create_connection(("127.0.0.1", endpoint["port"])):
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_a_port_in_use_is_reported_in_one_sentence(start: Any, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(tmp_path, "--port", str(port))
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert f"Port {port} of 127.0.0.1 cannot be used" in errors
    assert len(errors.strip().splitlines()) == 1
    assert not (tmp_path / "endpoint.json").exists()


def test_a_full_disk_is_reported_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(main, "_MIN_FREE_BYTES", 2**62)
    assert main.main(["--state-directory", str(tmp_path)]) == 2
    assert "MiB free" in capsys.readouterr().err


def test_a_directory_that_cannot_be_written_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert main.main(["--state-directory", str(blocked / "state")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_service_without_an_iam_mapping_is_not_served(start: Any, tmp_path: Path) -> None:
    process = start(tmp_path, services=("toy_services:Unmapped",))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Unmapped maps its operations to no IAM resources" in errors


def test_the_default_services_are_all_of_the_loop() -> None:
    names = {path.rpartition(":")[2] for path in main.SERVICES}
    assert names == {
        "SageMaker",
        "SageMakerRuntime",
        "SageMakerMetrics",
        "CodePipeline",
        "CodeBuild",
        "CodeCommit",
        "ApplicationAutoScaling",
        "Scheduler",
        "CloudWatch",
        "FeatureStoreRuntime",
        "CodeConnections",
        "CodeStarNotifications",
        "Chatbot",
        "Budgets",
        "EmrServerless",
        "ServiceCatalog",
    }


def test_it_listens_on_the_loopback_alone(aws: Any) -> None:
    port = f"{aws.endpoint['port']:04X}"
    listening = [
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{port}") and line.split()[3] == "0A"
    ]
    assert listening == [f"0100007F:{port}"]
    assert json.loads((aws.state / "endpoint.json").read_text())["pid"] != os.getpid()


def test_objects_are_kept_below_the_state_directory(aws: Any) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="on-disk")
    s3.put_object(Bucket="on-disk", Key="found", Body=b"content-of-mine")
    files = [f for f in (aws.state / "s3").rglob("*") if f.is_file()]
    assert any(b"content-of-mine" in f.read_bytes() for f in files)


def test_layers_of_images_may_outlive_the_server(tmp_path: Path) -> None:
    state, images = tmp_path / "state", tmp_path / "images"
    state.mkdir()
    main._keep_outside(state, "images", images)
    (state / "images" / "layer").touch()
    main._keep_outside(state, "images", images)
    assert [entry.name for entry in images.iterdir()] == ["layer"]


def test_a_connection_ends_with_its_client(aws: Any) -> None:
    """A connection that lingers until the keep-alive timeout takes a quarter of a megabyte."""
    context = ssl.create_default_context(cafile=aws.endpoint["ca_bundle"])
    address = urlsplit(aws.endpoint["url"])

    def memory() -> int:
        status = Path(f"/proc/{aws.endpoint['pid']}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])

    def connect(times: int) -> int:
        for _ in range(times):
            connection = http.client.HTTPSConnection(
                str(address.hostname), address.port, context=context
            )
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
        return memory()

    before = connect(20)
    assert connect(150) - before < 15_000
