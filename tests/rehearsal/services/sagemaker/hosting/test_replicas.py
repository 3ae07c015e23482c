"""Instances that are replaced by others end after their requests in flight."""

from __future__ import annotations

import threading
from typing import Any, cast

import pytest

from rehearsal.services.sagemaker.hosting.replicas import Replicas, RetiredError


class Server:
    """A model server that counts how often it is stopped."""

    stops = 0

    def stop(self) -> None:
        self.stops += 1


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def replicas(server: Server) -> Replicas:
    found = Replicas(lambda: cast("Any", server))
    found.scale(1)
    return found


def test_a_request_in_flight_ends_before_its_server(replicas: Replicas, server: Server) -> None:
    with replicas.in_use():
        retiring = threading.Thread(target=replicas.retire)
        retiring.start()
        retiring.join(0.2)
        assert server.stops == 0
    retiring.join(10)

    assert server.stops == 1


def test_a_request_that_never_ends_does_not_keep_its_server(
    replicas: Replicas, server: Server
) -> None:
    with replicas.in_use():
        replicas.retire(0.1)

    assert server.stops == 1


def test_a_request_that_comes_too_late_is_routed_again(replicas: Replicas) -> None:
    replicas.retire()

    with pytest.raises(RetiredError), replicas.in_use():
        pass


def test_a_deleted_endpoint_ends_at_once(replicas: Replicas, server: Server) -> None:
    with replicas.in_use():
        replicas.stop()

        assert server.stops == 1
