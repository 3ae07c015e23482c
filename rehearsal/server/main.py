"""The AWS of the rehearsal in one process.

    python -m rehearsal.server.main --state-directory D [--port 0]

It writes D/endpoint.json when it is ready, and ends within 5 seconds after SIGTERM or SIGINT, with
all of its children. Exit codes: 0 ended by a signal, 1 failed, 2 could not start (port in use,
disk full).
"""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from rehearsal.framework.persistence import StateError
from rehearsal.framework.proxy_settings import UserProxy
from rehearsal.framework.root_keys import RootKeys
from rehearsal.server import watcher
from rehearsal.server.certificate import Certificate, make_certificate
from rehearsal.server.child_processes import adopt_orphans, end_children
from rehearsal.server.memory import limit_arenas
from rehearsal.server.user_environment import kept_variables

SERVICES = (
    "rehearsal.services.sagemaker.service:SageMaker",
    "rehearsal.services.sagemaker.hosting.runtime:SageMakerRuntime",
    "rehearsal.services.sagemaker.experiments.metrics:SageMakerMetrics",
    "rehearsal.services.sagemaker.feature_store.runtime:FeatureStoreRuntime",
    "rehearsal.services.codepipeline:CodePipeline",
    "rehearsal.services.codebuild:CodeBuild",
    "rehearsal.services.codecommit:CodeCommit",
    "rehearsal.services.codeconnections:CodeConnections",
    "rehearsal.services.codestar_notifications:CodeStarNotifications",
    "rehearsal.services.chatbot:Chatbot",
    "rehearsal.services.budgets:Budgets",
    "rehearsal.services.application_autoscaling:ApplicationAutoScaling",
    "rehearsal.services.scheduler:Scheduler",
    "rehearsal.services.emr_serverless:EmrServerless",
    "rehearsal.services.cloudwatch:CloudWatch",
    "rehearsal.services.servicecatalog:ServiceCatalog",
)
_MIN_FREE_BYTES = 512 * 1024**2
_GRACE_SECONDS = 3.0

_log = logging.getLogger("rehearsal.server")


class CannotStart(Exception):  # noqa: N818  # it reads as what it says
    """The server cannot start; the text has the reason and the remedy."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the server until a signal ends it."""
    limit_arenas()
    options = _parser().parse_args(arguments)
    state = Path(options.state_directory).resolve()
    try:
        _check_disk(state)
        if options.watched and (status := watcher.fork(state)) is not None:
            return status
        listener = _listen(options.port)
        proxy_listener = _listen_as_before(state)
        certificate = make_certificate(state / "tls")
    except CannotStart as problem:
        return _cannot_start(problem)
    if options.image_directory:
        _keep_outside(state, "images", Path(options.image_directory))
    if options.cache_directory:
        _keep_outside(state, "build-caches", Path(options.cache_directory))
    _configure_logging(state)
    port = listener.getsockname()[1]
    _set_environment(state, certificate, port, options.region, options.account)
    user_proxy = UserProxy.of(os.environ)
    # Functions and builds inherit it.
    os.environ.update(user_proxy.replaced_by(_proxy_url(proxy_listener)))
    adopt_orphans()
    try:
        # The loop stays open: closing it would wait for the TLS shutdown of clients.
        asyncio.new_event_loop().run_until_complete(
            _serve(listener, proxy_listener, state, certificate, options, user_proxy)
        )
    except CannotStart as problem:
        return _cannot_start(problem)
    finally:
        end_children(_GRACE_SECONDS)
    # Without this, the server did not end orderly.
    (state / "endpoint.json").replace(state / "stopped.json")
    return 0


def _cannot_start(problem: CannotStart) -> int:
    print(problem, file=sys.stderr)  # noqa: T201  # the output of a command
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rehearsal.server.main", description=__doc__)
    parser.add_argument("--state-directory", required=True, help="the directory of all data")
    parser.add_argument(
        "--cache-directory",
        help="the directory of the local caches of build projects, which outlive the server; "
        "defaults to the state directory",
    )
    parser.add_argument(
        "--image-directory",
        help="the directory of image layers that outlive the server, as in an engine's cache; "
        "defaults to the state directory",
    )
    parser.add_argument(
        "--watched", action="store_true", help="record in exit.json why the server has died"
    )
    parser.add_argument("--port", type=int, default=0, help="defaults to 0: any free port")
    parser.add_argument("--region", default="us-east-1", help="the default region")
    parser.add_argument("--account", default="111111111111", help="the id of the default account")
    parser.add_argument(
        "--service",
        action="append",
        help="the dotted class path of a service (module:Class); replaces the default services",
    )
    return parser


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise CannotStart(
            f"Port {port} of 127.0.0.1 cannot be used ({error.strerror}): another program uses it. "
            "End that program or choose another port; 0 selects a free one."
        ) from None
    listener.setblocking(False)
    return listener


def _listen_as_before(state: Path) -> socket.socket:
    """Returns the listener of the proxy, on its last port if that is free: shells still use it."""
    for name in ("endpoint.json", "stopped.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, CannotStart):
            before = json.loads((state / name).read_text())
            return _listen(urlsplit(before["proxy"]).port or 0)
    return _listen(0)


def _check_disk(state: Path) -> None:
    try:
        state.mkdir(parents=True, exist_ok=True)
        # It holds the keys and the data of all accounts.
        state.chmod(0o700)
        with tempfile.TemporaryFile(dir=state) as probe:
            probe.write(b"\0" * 4096)
            probe.flush()
        free = shutil.disk_usage(state).free
    except OSError as error:
        raise CannotStart(f"{state} cannot be written ({error.strerror}).") from None
    if free < _MIN_FREE_BYTES:
        raise CannotStart(
            f"The disk of {state} has {free // 1024**2} MiB free, the rehearsal needs "
            f"{_MIN_FREE_BYTES // 1024**2} MiB. Free some space or choose another directory."
        )


def _keep_outside(state: Path, name: str, directory: Path) -> None:
    """Keeps a part of the state in a directory that outlives the server.

    Layers are kept by the digest of what made them, caches of builds by account, region and
    project.
    """
    directory.mkdir(parents=True, exist_ok=True)
    link = state / name
    if not link.exists():
        link.symlink_to(directory.resolve(), target_is_directory=True)


def _configure_logging(state: Path) -> None:
    logging.basicConfig(
        filename=state / "server.log",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        force=True,
    )
    logging.captureWarnings(True)
    # botocore logs a line for each client.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    # ministack logs a line for each file of its state.
    logging.getLogger("persistence").setLevel(logging.WARNING)


def _set_environment(
    state: Path, certificate: Certificate, port: int, region: str, account: str
) -> None:
    """Sets the environment of ministack, which reads it at its import, and of child processes.

    Variables of the user that neither needs are removed.
    """
    for name in set(os.environ) - set(kept_variables(os.environ)):
        del os.environ[name]
    scratch = state / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)  # of an earlier server
    scratch.mkdir()
    tempfile.tempdir = str(scratch)
    bundle = str(certificate.ca_bundle)
    os.environ.update(
        GATEWAY_PORT=str(port),
        BIND_HOST="127.0.0.1",
        MINISTACK_HOST="localhost",
        MINISTACK_ACCOUNT_ID=account,
        MINISTACK_REGION=region,
        AUTH="true",
        USE_SSL="1",
        MINISTACK_SSL_CERT=str(certificate.certificate),
        MINISTACK_SSL_KEY=str(certificate.key),
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        LAMBDA_EXECUTOR="local",
        DOCKER_HOST="unix:///nonexistent",  # no container engine is used
        PERSIST_STATE="1",
        S3_PERSIST="1",
        S3_DATA_DIR=str(state / "s3"),
        STATE_DIR=str(state / "ministack"),
        LOG_LEVEL="WARNING",
        TMPDIR=str(scratch),
        AWS_CA_BUNDLE=bundle,
        SSL_CERT_FILE=bundle,
        REQUESTS_CA_BUNDLE=bundle,
        NODE_EXTRA_CA_CERTS=bundle,
        AWS_EC2_METADATA_DISABLED="true",
    )


async def _serve(
    listener: socket.socket,
    proxy_listener: socket.socket,
    state: Path,
    certificate: Certificate,
    options: argparse.Namespace,
    user_proxy: UserProxy,
) -> None:
    # Imported late: ministack reads the environment at its import.
    from rehearsal.server.control_plane import ControlPlane

    port = listener.getsockname()[1]
    endpoint_url = f"https://127.0.0.1:{port}"
    try:
        plane = ControlPlane(
            options.service or SERVICES,
            endpoint_url=endpoint_url,
            certificate=certificate,
            state_directory=state,
            root_keys=RootKeys.create(state),
            user_proxy=user_proxy,
        )
    except StateError as error:
        raise CannotStart(
            f"The state in {state} was written by another version of the rehearsal, or is damaged "
            f"({error}). It is kept: check out that version, or remove the state with "
            "`rehearse down --delete`."
        ) from None
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    endpoint = {
        "url": endpoint_url,
        "port": port,
        "proxy": _proxy_url(proxy_listener),
        "pid": os.getpid(),
        "ca_bundle": str(certificate.ca_bundle),
        "accounts": [options.account],
        "region": options.region,
        "boot_id": boot_id(),
    }
    await plane.serve(listener, proxy_listener, stop, ready=lambda: _announce(state, endpoint))


def _proxy_url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def boot_id() -> str:
    """Returns the id of this start of the machine; empty if the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _announce(state: Path, endpoint: dict[str, object]) -> None:
    """Writes endpoint.json atomically, as other processes wait for it."""
    draft = state / "endpoint.json.draft"
    draft.write_text(json.dumps(endpoint, indent=2) + "\n")
    draft.replace(state / "endpoint.json")
    _log.info("Ready at %s", endpoint["url"])


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    # Threads of jobs may still wait for children that have ended; nothing has to be saved.
    os._exit(code)
