"""Sessions live as long as their owners: each costs a megabyte and connections."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

from rehearsal.framework.platform import Credentials
from rehearsal.ministack.sessions import _MAX_SESSIONS, SessionFactory

REGION = "us-east-1"


def credentials(number: int) -> Credentials:
    return Credentials(f"KEY{number}", "secret", "token", "arn:aws:sts::111111111111:role/r/s")


def test_a_session_is_shared_while_it_is_in_use(tmp_path: Path) -> None:
    factory = SessionFactory("https://127.0.0.1:1", tmp_path)
    held = factory.session(credentials(0), REGION)
    for number in range(1, 3 * _MAX_SESSIONS):
        factory.session(credentials(number), REGION)
    assert factory.session(credentials(0), REGION) is held
    assert factory.session(credentials(0), "eu-west-1") is not held


def test_a_session_without_an_owner_is_released(tmp_path: Path) -> None:
    factory = SessionFactory("https://127.0.0.1:1", tmp_path)
    sessions = [weakref.ref(factory.session(credentials(n), REGION)) for n in range(20)]
    gc.collect()
    alive = [reference for reference in sessions if reference() is not None]
    assert len(alive) == _MAX_SESSIONS
