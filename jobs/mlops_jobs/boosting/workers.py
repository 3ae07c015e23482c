"""XGBoost on the instances of a training job.

Each instance has a share of the rows. XGBoost adds the histograms of all shares, so that each
instance builds the same trees. The functions below also work on one instance, alone.
"""

import atexit
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from xgboost import collective
from xgboost.core import XGBoostError
from xgboost.tracker import RabitTracker

from mlops_jobs.failure import InputError
from mlops_jobs.instances import Instances

PORT = 9099  # of AWS's container of XGBoost
MAX_SECONDS_TO_START = 300  # instances of a job start within seconds of one another
MAX_SECONDS_TO_WAIT = 3600  # for an instance that reads rows or predicts
RETRIES = 17  # the first after 0 seconds, each one 2 seconds later than the one before
_NOT_REACHED = "allow traffic between the instances in the security group of the job"

Value = TypeVar("Value")


@contextmanager
def connected(instances: Instances, port: int = PORT) -> Iterator[None]:
    """Connects XGBoost on all instances of a job.

    The security groups of the job decide which hosts reach the port.

    Args:
        instances: the instances; the first one has the tracker, and rank 0.
        port: port of the tracker. Defaults to 9099.

    Yields:
        Nothing; inside of the block, XGBoost works on all rows of the instances.

    Raises:
        InputError: an instance cannot be reached, or has ended.
    """
    address = _address_of(instances.hosts[0])
    tracker = None
    if instances.is_first:
        tracker = RabitTracker(
            instances.count, address, port, sortby="task", timeout=MAX_SECONDS_TO_START
        )
        tracker.start()
    try:
        collective.init(
            dmlc_tracker_uri=address,
            dmlc_tracker_port=port,
            # Ranks are sorted by it.
            dmlc_task_id=f"{instances.number:05d}",
            dmlc_retry=RETRIES,
            dmlc_timeout=MAX_SECONDS_TO_WAIT,
        )
    except XGBoostError as error:
        raise InputError(
            f"got no connection to XGBoost's tracker on {instances.hosts[0]}:{port} and the other "
            f"instances ({_reason(error)}); {_NOT_REACHED}"
        ) from error
    try:
        yield
    except BaseException as error:
        atexit.register(_end, tracker)
        if not isinstance(error, XGBoostError):
            raise
        raise InputError(
            f"XGBoost failed on {instances.host}, one of {instances.count} instances "
            f"({_reason(error)}); if another instance ended before, its log has the reason"
        ) from error
    collective.finalize()
    if tracker is not None:
        tracker.wait_for(MAX_SECONDS_TO_START)
        tracker.free()


def _end(_: RabitTracker | None) -> None:
    """Ends the process at once, with the failed connections that XGBoost's destructors crash on.

    The other instances notice that the connection has ended.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


def _reason(error: XGBoostError) -> str:
    """Returns the first line of an error that is not empty."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))


def _address_of(host: str) -> str:
    """Returns the IP address of an instance, whose name may be known a little later.

    Raises:
        InputError: the name remains unknown.
    """
    ends = time.monotonic() + MAX_SECONDS_TO_START
    while True:
        try:
            return socket.gethostbyname(host)
        except OSError as error:
            if time.monotonic() > ends:
                raise InputError(
                    f"got no address of {host} after {MAX_SECONDS_TO_START} seconds; {_NOT_REACHED}"
                ) from error
            time.sleep(0.5)


def rank() -> int:
    """Returns the number of this instance, from 0."""
    return int(collective.get_rank())


def count() -> int:
    """Returns the number of instances."""
    return int(collective.get_world_size())


def added(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns the sum of the numbers of all instances.

    Args:
        numbers: numbers of this instance, as many as those of the others.
    """
    found: npt.NDArray[Any] = collective.allreduce(numbers, collective.Op.SUM)
    return found.reshape(numbers.shape)


def joined(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns the rows of all instances, those of the first one first.

    Args:
        rows: rows of this instance.
    """
    counts = np.zeros(count(), dtype=np.int64)
    counts[rank()] = len(rows)
    ends = np.cumsum(added(counts))
    whole = np.zeros((ends[-1], *rows.shape[1:]), dtype=rows.dtype)
    whole[ends[rank()] - len(rows) : ends[rank()]] = rows
    return added(whole)


def of_first(value: Value) -> Value:
    """Returns the value of the first instance.

    Args:
        value: value of this instance.
    """
    # XGBoost takes None as no value.
    found: tuple[Value] = collective.broadcast((value,), 0)
    return found[0]
