"""The processes around a container's command, started by `rehearsal/containers/container.py`.

    launcher   in the host's namespaces: forwards connections to the gateway, passes SIGTERM on, and
               ends with the server (its standard input closes)
    keeper     creates the namespaces and waits for process 1
    init       process 1 of the container: mounts the root directory, serves the forwarded ports,
               runs the command and reaps processes; all processes end with it

Each process ends with its parent, so that none outlives the server. Only the standard library is
used: this runs as `python -I -S`, with the specification as a line of JSON on standard input.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from rehearsal.containers import (
    bridge,
    limit_watch,
    name_server,
    outside_network,
    port_forwarding,
    root_directory,
    syscalls,
    system_call_filter,
)

Specification = dict[str, Any]

SETUP_FAILED = 125  # Docker's exit code if the container could not be started
NOT_EXECUTABLE = 126
NOT_FOUND = 127
_TERMINATE = b"T"
_EXCEEDED = {
    limit_watch.MEMORY: "memory",
    limit_watch.PROCESSES: "processes",
    limit_watch.DISK: "disk",
}
_HTTPS = 443
_GATEWAY, _OUTSIDE, _NAMES, _NAMES_TCP, _RUNTIME_API = b"G", b"O", b"N", b"n", b"R"


def main() -> NoReturn:
    """Runs the container of the specification; exits with the exit code of its command."""
    specification: Specification = json.loads(sys.stdin.buffer.readline())
    above, below = socket.socketpair()
    launcher = os.getpid()
    keeper = os.fork()
    if keeper == 0:
        above.close()
        _run_step(_keep, specification, below, launcher)
    below.close()
    signal.signal(signal.SIGTERM, lambda *_: _send(above, _TERMINATE))
    for name in ("listen_descriptor", "stream_descriptor"):
        if name in specification:
            os.close(specification[name])
    for descriptor in specification.get("cluster", {}).get("descriptors", ()):
        os.close(descriptor)
    _serve_gateway(specification, above, keeper)
    status = os.waitpid(keeper, 0)[1]
    if select.select([sys.stdin], [], [], 0)[0]:  # the server has ended and cannot remove them
        shutil.rmtree(Path(specification["root"]).parent, ignore_errors=True)
    _exit_as(status)


def _send(control: socket.socket, message: bytes) -> None:
    with contextlib.suppress(OSError):  # the other side has ended
        control.sendall(message)


def _serve_gateway(specification: Specification, control: socket.socket, keeper: int) -> None:
    """Serves until the container ends; kills it if standard input closes with the server."""
    outside = specification.get("outside", {})
    allowed = {(address, port) for address, port in outside.get("allowed", [])}
    servers = outside.get("name_servers", [])
    gateway = specification.get("gateway")
    gateways = {(name_server.ADDRESS, _HTTPS): tuple(gateway)} if gateway else {}
    while True:
        ready, _, _ = select.select([control, sys.stdin], [], [])
        if sys.stdin in ready:
            os.kill(keeper, signal.SIGKILL)
            return
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        if message in _EXCEEDED:
            _note_exceeded(specification, _EXCEEDED[message])
        if not descriptors:
            continue
        received = socket.socket(fileno=descriptors[0])
        if message == _GATEWAY:
            connect = port_forwarding.connect_tcp(*specification["gateway"])
        elif message == _RUNTIME_API:
            connect = port_forwarding.connect_tcp(*specification["runtime_api"])
        elif message == _OUTSIDE:
            connect = outside_network.connect_outside(allowed, gateways)
        elif message == _NAMES_TCP:
            connect = outside_network.connect_name_server(servers)
        else:
            domains, downloads = (specification.get(x, ()) for x in ("aws_domains", "downloads"))
            outside_network.serve_names(received, servers, domains, downloads)
            continue
        port_forwarding.forward(received, connect)


def _note_exceeded(specification: Specification, limit: str) -> None:
    """Records for the server that a limit was reached."""
    path = Path(specification["root"]).with_name("exceeded")
    path.with_name("draft").write_text(limit)
    path.with_name("draft").rename(path)


def _run_step(step: Any, *arguments: Any) -> NoReturn:
    """Runs a step of the setup; an error is printed to the output of the container."""
    try:
        step(*arguments)
    except OSError as error:
        _exit_with_message(SETUP_FAILED, f"The container could not be started: {error}")
    os._exit(0)


def _keep(specification: Specification, control: socket.socket, launcher: int) -> None:
    quiet = os.open(os.devnull, os.O_RDONLY)
    os.dup2(quiet, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # stops arrive over the control socket
    place = specification.get("cluster")
    connect = bridge.joining(place) if place else None
    user, group = os.getuid(), os.getgid()
    flags = (
        syscalls.NEW_USER
        | syscalls.NEW_MOUNT
        | syscalls.NEW_PID
        | syscalls.NEW_IPC
        | syscalls.NEW_HOSTNAME
        | syscalls.NEW_NETWORK
    )
    syscalls.unshare(flags)
    syscalls.die_with_parent(launcher)
    inside, inside_group = specification.get("user", (0, 0))
    syscalls.map_user(user, group, (inside, inside_group))
    if connect is not None:
        connect()
    init = os.fork()
    if init == 0:
        syscalls.die_with_parent(0)  # the parent is not in this process namespace
        _run_step(_initialize, specification, control)
    control.close()
    _exit_as(os.waitpid(init, 0)[1])


def _exit_as(status: int) -> NoReturn:
    """Exits with the exit code of another process, as a shell does."""
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _initialize(specification: Specification, control: socket.socket) -> None:
    limits = specification.get("limits", {})
    root_directory.mount(specification["root"], specification["mounts"])
    limit_watch.restrict_namespace(limits)
    root_directory.protect_proc()
    syscalls.leave_session_keyring()
    socket.sethostname(specification["hostname"])
    port_forwarding.bring_loopback_up()
    if "cluster" in specification:
        bridge.configure(specification["cluster"])
    wake, wakened = os.pipe()
    for end in (wake, wakened):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakened)
    _offer_network(specification, control)
    command = _spawn(specification)
    if "stream_descriptor" in specification:
        os.close(specification["stream_descriptor"])  # it closes with the command
    listening = specification.get("listen_descriptor")
    if listening is not None:
        connect = port_forwarding.connect_tcp("127.0.0.1", specification["listen_port"])
        port_forwarding.forward(socket.socket(fileno=listening), connect)
    watch = limit_watch.Watch(
        limits, specification.get("writable", []), specification.get("scratch", [])
    )
    stop_signal = specification.get("stop_signal", signal.SIGTERM)
    _exit_as(_supervise(command, control, wake, watch, stop_signal))


def _offer_network(specification: Specification, control: socket.socket) -> None:
    """Passes the sockets of the container's network to the launcher, which forwards them."""
    offered = []
    if "gateway" in specification:
        offered.append((_GATEWAY, port_forwarding.listen_tcp(*specification["gateway"])))
    if "runtime_api" in specification:
        offered.append((_RUNTIME_API, port_forwarding.listen_tcp(*specification["runtime_api"])))
    if specification["network"] == "AWS":
        # AWS's host names serve HTTPS at the gateway.
        name_server.serve(specification["aws_domains"])
        offered.append((_GATEWAY, port_forwarding.listen_tcp(name_server.ADDRESS, _HTTPS)))
    if "outside" in specification:
        outside_network.route_everything_to_loopback()
        ports, allowed = specification["outside"]["ports"], specification["outside"]["allowed"]
        every = [("0.0.0.0", port) for port in ports]  # noqa: S104  # of the namespace
        of_host = [(address, port) for address, port in allowed if port not in ports]
        listeners = [port_forwarding.listen_tcp(*place) for place in (*every, *of_host)]
        offered += [(_OUTSIDE, listener) for listener in listeners]
        datagrams, connections = outside_network.listen_names()
        offered += [(_NAMES, datagrams), (_NAMES_TCP, connections)]
    for kind, offer in offered:
        socket.send_fds(control, [kind], [offer.fileno()])
        offer.close()


def _spawn(specification: Specification) -> int:
    command = os.fork()
    if command:
        return command
    os.setsid()
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    words, environment = specification["command"], specification["environment"]
    try:
        Path(specification["working_directory"]).mkdir(parents=True, exist_ok=True)
        os.chdir(specification["working_directory"])
        limit_watch.restrict(specification.get("limits", {}))
        syscalls.drop_capabilities()
        if "stream_descriptor" in specification:
            for standard in (0, 1):
                os.dup2(specification["stream_descriptor"], standard)
        _close_inherited()
        system_call_filter.forbid_system_calls()
        os.execvpe(words[0], words, environment)  # noqa: S606
    except FileNotFoundError:
        where = environment.get("PATH", "")
        _exit_with_message(
            NOT_FOUND, f'exec: "{words[0]}": executable file not found in $PATH ({where})'
        )
    except OSError as error:
        _exit_with_message(NOT_EXECUTABLE, f'exec: "{words[0]}": {error.strerror}')


def _close_inherited() -> None:
    """Closes all files but the standard ones; their number may be limited to a billion only."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        if int(name) > 2:
            with contextlib.suppress(OSError):  # that of the listing
                os.close(int(name))


def _exit_with_message(code: int, message: str) -> NoReturn:
    sys.stderr.write(message + "\n")
    sys.stderr.flush()
    os._exit(code)


def _supervise(
    command: int, control: socket.socket, wake: int, watch: limit_watch.Watch, stop_signal: int
) -> int:
    """Waits for the command, reaps orphans, and returns the wait status of the command."""
    measured = time.monotonic()
    while True:
        status = _reap(command)
        if status is not None:
            return status
        ready, _, _ = select.select([control.fileno(), wake], [], [], watch.interval)
        if time.monotonic() - measured >= watch.interval:
            exceeded = watch.check()
            if exceeded is not None:
                _send(control, exceeded)
            measured = time.monotonic()
        if wake in ready:
            os.read(wake, 512)
        if control.fileno() in ready:
            message = control.recv(1)
            if not message:  # the launcher has ended
                os._exit(128 + signal.SIGKILL)
            if message == _TERMINATE:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(command, stop_signal)


def _reap(command: int) -> int | None:
    while True:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if child == command:
            return status
        if child == 0:
            return None
