"""The pace at which the state of the services is written."""

import pytest

from rehearsal.server.state_keeper import INTERVAL_SECONDS, pause_after


@pytest.mark.parametrize(
    ("seconds", "pause"), [(0.0, INTERVAL_SECONDS), (0.1, INTERVAL_SECONDS), (0.5, 10.0)]
)
def test_a_large_state_is_written_less_often(seconds: float, pause: float) -> None:
    assert pause_after(seconds) == pause
