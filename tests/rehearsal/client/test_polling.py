"""How often a watched execution is looked at."""

import pytest

from rehearsal.client.pipeline_watcher import pause


@pytest.mark.parametrize(
    ("spent", "expected"),
    [
        pytest.param(0.01, 0.5, id="an idle machine"),
        pytest.param(0.3, 3.0, id="a busy machine"),
        pytest.param(60.0, 5.0, id="a machine that hardly responds"),
    ],
)
def test_a_slow_look_is_followed_by_a_longer_pause(spent: float, expected: float) -> None:
    assert pause(spent) == pytest.approx(expected)
