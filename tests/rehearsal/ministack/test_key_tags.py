"""Conditions see the tags of a key five minutes late, as on AWS."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ministack.services import kms, tagging

from rehearsal.framework.platform import Scope
from rehearsal.ministack.encryption import key_tags
from rehearsal.ministack.encryption.key_tags import TAG_DELAY_SECONDS, authorized_tags
from rehearsal.ministack.request_scope import in_scope
from tests.rehearsal.ministack.patched import install

PLACE = Scope("111111111111", "us-east-1")
TAGS = [{"TagKey": "team", "TagValue": "ml"}]


class Clock:
    """The time that the module sees."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(1_000_000.0)
    monkeypatch.setattr(key_tags, "time", clock)
    return clock


@pytest.fixture
def key(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A new key with tags, in a KMS with the delay."""
    install(monkeypatch, "encryption.key_tags")
    with in_scope(PLACE):
        made = json.loads(kms._create_key({"Tags": [dict(one) for one in TAGS]})[2])["KeyMetadata"][
            "KeyId"
        ]
        record = kms._keys[made]
        record["CreationDate"] = int(clock.now)
        yield record
        kms._keys.pop(made)


def test_a_new_key_has_no_tags_until_the_delay_is_over(key: dict[str, Any], clock: Clock) -> None:
    assert authorized_tags(key) == {}
    clock.now += TAG_DELAY_SECONDS - 1
    assert authorized_tags(key) == {}
    clock.now += 1
    assert authorized_tags(key) == {"team": "ml"}


def test_the_delay_is_what_the_guide_says() -> None:
    assert TAG_DELAY_SECONDS == 5 * 60


def test_changed_tags_count_after_the_delay_and_the_former_until_then(
    key: dict[str, Any], clock: Clock
) -> None:
    clock.now += TAG_DELAY_SECONDS
    tagged = {"KeyId": key["KeyId"], "Tags": [{"TagKey": "team", "TagValue": "risk"}]}
    kms._tag_resource(tagged)
    assert authorized_tags(key) == {"team": "ml"}
    clock.now += TAG_DELAY_SECONDS
    assert authorized_tags(key) == {"team": "risk"}

    kms._untag_resource({"KeyId": key["KeyId"], "TagKeys": ["team"]})
    assert authorized_tags(key) == {"team": "risk"}
    clock.now += TAG_DELAY_SECONDS
    assert authorized_tags(key) == {}


def test_every_authorization_of_a_call_sees_them_so(key: dict[str, Any], clock: Clock) -> None:
    assert tagging.resource_tags(key["Arn"]) == {}
    clock.now += TAG_DELAY_SECONDS
    assert tagging.resource_tags(key["Arn"]) == {"team": "ml"}
