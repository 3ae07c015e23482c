"""Starts a container in which every attempt runs; prints the outcomes as JSON.

It is a separate program, so that another user can run it, with any Python that this user may run.
"""

# ruff: noqa: E402  # the modules are found by the first argument
import contextlib
import json
import sys
from pathlib import Path

sys.path[:0] = sys.argv[1].split(":")

from rehearsal.containers.cluster_network import ClusterMember, cluster_network
from rehearsal.containers.container import Container
from rehearsal.containers.image import Image
from rehearsal.containers.interpreter import running_interpreter
from rehearsal.containers.limits import GIBIBYTE, Limits
from rehearsal.containers.mounts import Mount
from rehearsal.containers.specification import Network

_ATTEMPT = """
import json, os, platform, stat, sys, time, ctypes
host, attacks = json.load(open('/mnt/work/plan.json'))
numbers = {'x86_64': (304, 56, 175, 321, 250, 249), 'aarch64': (265, 220, 105, 280, 219, 218)}
names = ('OPEN_BY_HANDLE', 'CLONE', 'INIT_MODULE', 'BPF', 'KEYCTL', 'REQUEST_KEY')
host |= dict(zip(names, numbers[platform.machine()]))
for name, text in attacks.items():
    pid = os.fork()
    if pid == 0:
        scope = {**host, 'os': os, 'stat': stat, 'time': time, 'ctypes': ctypes, 'escaped': 0,
                 'E': ctypes.get_errno}
        try:
            exec(text, scope)
            outcome = str(scope['escaped'] or '')
        except (OSError, ValueError):
            outcome = ''
        except Exception as error:
            outcome = 'the attempt is broken: ' + repr(error)
        with open('/mnt/work/outcomes', 'a') as file:
            file.write(json.dumps([name, outcome]) + chr(10))
        os._exit(0)
    os.waitpid(pid, 0)
print('done', flush=True)
"""


def main() -> None:
    work, fixed, network = Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    environment = {}
    if network == "AWS":
        environment["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
    with contextlib.ExitStack() as stack:
        members: list[ClusterMember | None] = [None]
        if network == "CLUSTER":
            members = [*stack.enter_context(cluster_network(["algo-1", "algo-2"]))]
            network = "ISOLATED"
        _attempt(work, fixed, network, environment, members[0])


def _attempt(
    work: Path,
    fixed: Path,
    network: str,
    environment: dict[str, str],
    cluster: ClusterMember | None,
) -> None:
    container = Container(
        Image(digest="sha256:attack", interpreter=running_interpreter()),
        entrypoint=["python3", "-c", _ATTEMPT],
        environment=environment,
        mounts=[Mount(work, "/mnt/work", writable=True), Mount(fixed, "/mnt/fixed")],
        network=Network[network],
        cluster=cluster,
        limits=Limits(memory=GIBIBYTE, cpus=1, processes=300),
    )
    container.start()
    code = container.wait()
    print(json.dumps([code, container.last_lines]))  # noqa: T201  # the output of a program


if __name__ == "__main__":
    main()
