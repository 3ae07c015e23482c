"""The network between the containers of one job."""

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from rehearsal.containers import cluster_network as module
from rehearsal.containers.cluster_network import ClusterMember, ClusterNetworkError, cluster_network
from rehearsal.containers.container import Container, Ended, run_together
from rehearsal.containers.image import Image
from rehearsal.containers.specification import User

HOSTS = ("algo-1", "algo-2", "algo-3")
MINUTE = 60.0
# Each host serves on the same port of every address, and reads what all hosts serve.
EXCHANGE = """
import socket, threading, time
server = socket.create_server(("", 8080))
def serve():
    while True:
        near, _ = server.accept()
        with near:
            near.sendall(socket.gethostname().encode())
threading.Thread(target=serve, daemon=True).start()
said = []
for host in {hosts!r}:
    ends = time.monotonic() + 60
    while True:
        try:
            with socket.create_connection((host, 8080), 5) as far:
                said.append(far.recv(99).decode())
            break
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
print(" ".join(said), flush=True)
time.sleep({rest})
"""
CONNECT = """
import socket, sys
try:
    socket.create_connection(({host!r}, {port}), 2)
except OSError as error:
    sys.exit(f"{{type(error).__name__}}: {{error}}")
"""


def of_cluster(
    image: Image, members: Sequence[ClusterMember], program: str, **options: object
) -> list[Container]:
    command = ["python3", "-c", program]
    return [
        Container(image, entrypoint=command, cluster=one, **options)  # type: ignore[arg-type]
        for one in members
    ]


def run(containers: Sequence[Container], seconds: float = 2 * MINUTE) -> list[Ended]:
    return run_together(containers, stop=threading.Event(), max_seconds=seconds, grace=1)


class TestHosts:
    def test_reach_one_another_by_name_at_the_same_port(self, plain_image: Image) -> None:
        program = EXCHANGE.format(hosts=HOSTS, rest=3)
        with cluster_network(HOSTS) as members:
            containers = of_cluster(plain_image, members, program)
            assert [one.exit_code for one in run(containers)] == [0, 0, 0]
        assert [one.last_lines for one in containers] == [[" ".join(HOSTS)]] * 3

    def test_have_the_address_of_their_name(self, plain_image: Image) -> None:
        program = "import socket as s; print(s.gethostname(), s.gethostbyname(s.gethostname()))"
        with cluster_network(HOSTS[:2]) as members:
            containers = of_cluster(plain_image, members, program)
            run(containers)
        assert [one.last_lines for one in containers] == [
            ["algo-1 10.64.0.1"],
            ["algo-2 10.64.0.2"],
        ]

    def test_run_as_another_user_too(self, plain_image: Image) -> None:
        user = User(993, 990, "reader")
        program = EXCHANGE.format(hosts=HOSTS[:2], rest=3)
        with cluster_network(HOSTS[:2]) as members:
            containers = of_cluster(plain_image, members, program, user=user)
            assert [one.exit_code for one in run(containers)] == [0, 0]

    def test_do_not_reach_those_of_another_job(self, plain_image: Image) -> None:
        with cluster_network(("algo-1", "algo-2")) as first, cluster_network(("algo-1",)) as second:
            (server,) = of_cluster(
                plain_image,
                first[1:],
                "import socket, time; s = socket.create_server(('', 8080)); print('up', flush=True)"
                "; time.sleep(300)",
            )
            server.start()
            try:
                while not server.last_lines:
                    assert server.running
                (peer,) = of_cluster(
                    plain_image, first[:1], CONNECT.format(host="10.64.0.2", port=8080)
                )
                (stranger,) = of_cluster(
                    plain_image, second, CONNECT.format(host="10.64.0.2", port=8080)
                )
                assert [one.exit_code for one in run([peer])] == [0]
                assert [one.exit_code for one in run([stranger])] == [1]
            finally:
                server.kill()
                server.wait()

    def test_do_not_reach_this_machine(self, plain_image: Image) -> None:
        with cluster_network(HOSTS[:1]) as members:
            for host, port in (("192.0.2.1", 80), ("10.64.0.9", 80)):
                containers = of_cluster(plain_image, members, CONNECT.format(host=host, port=port))
                assert [one.exit_code for one in run(containers)] == [1]

    def test_cannot_change_the_network(self, plain_image: Image) -> None:
        program = (
            "import fcntl, socket, struct\n"
            "s = socket.socket()\n"
            "fcntl.ioctl(s, 0x8914, struct.pack('16sH14s', b'eth0', 0, b''))"
        )
        with cluster_network(HOSTS[:1]) as members:
            containers = of_cluster(plain_image, members, program)
            assert [one.exit_code for one in run(containers)] == [1]
        assert "PermissionError" in containers[0].last_lines[-1]

    def test_leave_no_file_descriptor_of_the_network_open(self, plain_image: Image) -> None:
        before = len(list(Path("/proc/self/fd").iterdir()))
        with cluster_network(HOSTS[:1]) as members:
            containers = of_cluster(
                plain_image, members, "import os; print(sorted(os.listdir('/proc/self/fd')))"
            )
            run(containers)
        assert containers[0].last_lines == ["['0', '1', '2', '3']"]
        assert len(list(Path("/proc/self/fd").iterdir())) == before

    def test_network_without_kernel_support_is_an_error(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "_START", module._START.replace("main()", "main.missing()"))
        expected = pytest.raises(ClusterNetworkError, match=r"exit code 1.*use one instance")
        with expected, cluster_network(HOSTS):
            pass


class TestRunTogether:
    def test_first_failure_stops_the_others(self, plain_image: Image) -> None:
        containers = [
            Container(plain_image, entrypoint=["/bin/sh", "-c", script])
            for script in ("exec sleep 300", "exit 3", "exec sleep 300")
        ]
        assert run(containers) == [
            Ended(128 + 15, stopped=True),
            Ended(3),
            Ended(128 + 15, stopped=True),
        ]

    def test_one_that_has_ended_well_lets_the_others_go_on(self, plain_image: Image) -> None:
        containers = [
            Container(plain_image, entrypoint=["/bin/sh", "-c", script])
            for script in ("exit 0", "sleep 1; exit 0")
        ]
        assert run(containers) == [Ended(0), Ended(0)]

    def test_stop_reaches_all(self, plain_image: Image) -> None:
        stop = threading.Event()
        stop.set()
        containers = [
            Container(plain_image, entrypoint=["/bin/sh", "-c", "exec sleep 300"]) for _ in range(2)
        ]
        ended = run_together(containers, stop=stop, max_seconds=MINUTE, grace=1)
        assert [one.stopped for one in ended] == [True, True]
        assert not any(one.running for one in containers)

    def test_time_limit_reaches_all(self, plain_image: Image) -> None:
        containers = [
            Container(plain_image, entrypoint=["/bin/sh", "-c", "exec sleep 300"]) for _ in range(2)
        ]
        assert [one.timed_out for one in run(containers, seconds=0.5)] == [True, True]

    def test_one_that_cannot_start_ends_those_that_have_started(self, plain_image: Image) -> None:
        first = Container(plain_image, entrypoint=["/bin/sh", "-c", "exec sleep 300"])
        second = Container(plain_image, entrypoint=["/bin/sh"], listen=Path("/missing/socket"))
        with pytest.raises(OSError, match="No such file"):
            run([first, second])
        assert not first.running
