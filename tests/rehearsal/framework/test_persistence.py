"""What the services keep, and how."""

import importlib
import pickle
import threading
from pathlib import Path

import pytest

from rehearsal.framework.persistence import KeptState, StateError
from rehearsal.framework.platform import Scope
from rehearsal.framework.service import Service
from rehearsal.framework.store import Store, Transient
from rehearsal.server.main import SERVICES
from tests.rehearsal.fakes import FakePlatform

SCOPE = Scope("111111111111", "us-east-1")
# Collections that do not describe what a user has made, with the reason.
NOT_KEPT = {
    "Activities._scaling": "the scaling of this moment; the next evaluation finds the capacity",
    "Backend._closers": "functions of this process",
    "Backend._observers": "functions of this process",
    "Callbacks._callbacks": "the steps that wait, which have failed with their executions",
    "Decisions._open": "approvals are asked for again",
    "EndpointRegistry._endpoints": "servers, which start again",
    "GitProvider._listeners": "functions of this process",
    "Jobs._observers": "parts of the service",
    "Jobs._kinds": "the kinds of jobs",
    "Jobs._open": "jobs of functions, which have failed",
    "Jobs._running": "the threads of jobs",
    "JobRuns._stops": "the threads of job runs",
    "LayerStore._locks": "locks of this process",
    "LineageTracking._followed": "the events that it follows",
    "Listing.equal": "the members that a listing selects by",
    "MetricBatches._clients": "clients of this process",
    "MetricBatches._data": "the metrics of one second",
    "MonitoringExecutions._definitions": "the kinds of definitions",
    "OfflineWriter._waiting": "the rows of one second",
    "PolicyExecution._changed": "cooldowns of this process",
    "ReferenceEvents._listeners": "functions of this process",
    "Search._parts": "the parts that read resources",
    "Search._views": "the resources that can be searched",
    "Service.peers": "the services",
    "Timelines._timelines": "the time of rollouts, which have ended",
    "Workers._threads": "threads of this process",
}


def services() -> dict[str, Service]:
    platform = FakePlatform()
    made = {}
    for path in SERVICES:
        module, _, name = path.partition(":")
        service = getattr(importlib.import_module(module), name)(platform)
        made[service.name] = service
    return made


def test_every_collection_of_a_service_is_kept_or_known_to_be_of_this_process() -> None:
    made = services()
    kept = KeptState(made, next(iter(made.values())).platform)
    shared = {id(slot.value) for slot in kept._slots.values()}
    unknown = set()
    for owner in kept._objects.values():
        names = [one.__name__ for one in type(owner).__mro__]
        for attribute, value in getattr(owner, "__dict__", {}).items():
            declared = {n for one in type(owner).__mro__ for n in vars(one).get("KEPT", ())}
            if not isinstance(value, dict | list | set) or attribute in declared:
                continue
            if isinstance(owner, FakePlatform) or id(value) in shared:
                continue
            if not any(f"{name}.{attribute}" in NOT_KEPT for name in names):
                unknown.add(f"{type(owner).__name__}.{attribute}")
    assert not sorted(unknown), "add them to KEPT of their class, or here with the reason"


def test_the_names_of_kept_attributes_do_not_depend_on_the_process() -> None:
    first, second = services(), services()
    platform = FakePlatform()
    assert KeptState(first, platform).names == KeptState(second, platform).names


class Run(Transient):
    """A run, which ends with the server."""


class Thing:
    """A record with what a record may refer to."""

    def __init__(self, owner: "Owner") -> None:
        self.owner = owner
        self.lock = owner.lock
        self.own_lock = threading.Lock()
        self.condition = threading.Condition()
        self.over = threading.Event()
        self.run = Run()


class Owner:
    """A part of a service."""

    KEPT = ("names",)

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.store: Store[Thing] = Store()
        self.names: set[str] = set()


# Records are of classes of the rehearsal only.
for made_here in (Thing, Owner, Run):
    made_here.__module__ = "toy_services"


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "toys"))
    module = importlib.import_module("toy_services")
    for made_here in (Thing, Owner, Run):
        monkeypatch.setattr(module, made_here.__name__, made_here, raising=False)


@pytest.mark.usefixtures("toys")
def test_a_record_refers_to_the_parts_of_the_new_process(tmp_path: Path) -> None:
    first, second, platform = Owner(), Owner(), FakePlatform()
    thing = Thing(first)
    thing.over.set()
    first.store.of(SCOPE)["a"] = thing
    first.store.of(SCOPE)["same"] = thing
    first.names.add("a")
    names = second.names
    KeptState({"owner": first}, platform).save(tmp_path / "state")
    KeptState({"owner": second}, platform).load(tmp_path / "state")
    found = second.store.of(SCOPE)["a"]
    assert found is second.store.of(SCOPE)["same"]
    assert found.owner is second
    assert found.lock is second.lock
    assert found.over.is_set()
    assert found.run is None
    assert found.own_lock.acquire(blocking=False)
    assert names == {"a"}
    assert names is second.names


@pytest.mark.usefixtures("toys")
def test_a_kept_name_that_is_no_attribute_is_found_at_the_start() -> None:
    owner = Owner()
    del owner.names
    with pytest.raises(TypeError, match="Owner has no names, which it keeps"):
        KeptState({"owner": owner}, FakePlatform())


@pytest.mark.usefixtures("toys")
def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    owner, file = Owner(), tmp_path / "state"
    kept = KeptState({"owner": owner}, FakePlatform())
    content = kept.save(file)
    file.unlink()
    assert kept.save(file, content) == content
    assert not file.exists()
    owner.names.add("b")
    assert kept.save(file, content) != content
    assert file.exists()
    assert file.stat().st_mode & 0o077 == 0


def test_a_file_runs_no_code(tmp_path: Path) -> None:
    class Attack:
        def __reduce__(self) -> tuple[object, tuple[str, ...]]:
            import os

            return os.system, (f"touch {tmp_path}/attacked",)

    (tmp_path / "state").write_bytes(pickle.dumps(Attack()))
    owner = Owner()
    with pytest.raises(StateError, match="no part of a record"):
        KeptState({"owner": owner}, FakePlatform()).load(tmp_path / "state")
    assert not (tmp_path / "attacked").exists()
    dotted = b"\x80\x04\x8c\x18rehearsal.git.repository\x8c\tos.system\x93."
    (tmp_path / "state").write_bytes(dotted)
    with pytest.raises(StateError, match="no part of a record"):
        KeptState({"owner": owner}, FakePlatform()).load(tmp_path / "state")


@pytest.mark.usefixtures("toys")
def test_state_that_this_version_does_not_keep_is_named_and_nothing_is_restored(
    tmp_path: Path,
) -> None:
    first, second, platform = Owner(), Owner(), FakePlatform()
    first.names.add("a")
    KeptState({"owner": first, "other": Owner()}, platform).save(tmp_path / "state")
    with pytest.raises(StateError, match=r"does not keep other\.names"):
        KeptState({"owner": second}, platform).load(tmp_path / "state")
    assert not second.names
