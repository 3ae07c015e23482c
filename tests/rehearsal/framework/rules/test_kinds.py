"""Kinds of rules name the place, what was given and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.framework.platform import AwsError
from rehearsal.framework.rules import kinds
from rehearsal.framework.rules.paths import find
from rehearsal.framework.rules.rule import Call, Catalogue, Rule

ABOUT: dict[str, Any] = {"source": "the page", "fails": {}, "passes": {}}


def broken(rule: Rule, request: dict[str, Any], state: dict[str, Any] | None = None) -> list[str]:
    return list(rule.check(Call("Do", request, lambda operation, _: (state or {}).get(operation))))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("A", [("A", {"B": [{"C": 1}, {"C": 2}]})]),
        ("A.B[].C", [("A.B[0].C", 1), ("A.B[1].C", 2)]),
        ("M{}.C", [("M.x.C", 3)]),
        ("N|M{}.C", [("M.x.C", 3)]),
        ("Z.C", []),
        ("", [("", {"A": {"B": [{"C": 1}, {"C": 2}]}, "M": {"x": {"C": 3}}})]),
    ],
)
def test_a_path_leads_through_structures_lists_and_maps(path: str, found: Any) -> None:
    request = {"A": {"B": [{"C": 1}, {"C": 2}]}, "M": {"x": {"C": 3}}}
    assert list(find(request, path)) == found


@pytest.mark.parametrize(
    ("rule", "request_", "message"),
    [
        (
            kinds.exclusive("r", "Do", "A", "B", at="P[]", **ABOUT),
            {"P": [{"A": 1}, {"A": 1, "B": 2}]},
            "P[1]: A and B are mutually exclusive: specify one of them.",
        ),
        (
            kinds.exactly_one("r", "Do", "A", "B", **ABOUT),
            {},
            "Exactly one of A, B must be specified; got none.",
        ),
        (kinds.any_of("r", "Do", "A", "B", **ABOUT), {}, "At least one of A, B must be specified."),
        (kinds.required("r", "Do", "A", **ABOUT), {"A": ""}, "A is required."),
        (
            kinds.requires("r", "Do", "A", "B", when="x", **ABOUT),
            {"A": "x"},
            "A x requires B.",
        ),
        (
            kinds.forbids("r", "Do", "A", "B", **ABOUT),
            {"A": 1, "B": 2},
            "B cannot be specified with A.",
        ),
        (
            kinds.only_with("r", "Do", "A", "B", "x", **ABOUT),
            {"A": 1, "B": "y"},
            "A is supported only with B x; got y.",
        ),
        (
            kinds.at_most("r", "Do", "A", "B", **ABOUT),
            {"A": 2, "B": 1},
            "A must be less than or equal to B (1); got 2.",
        ),
        (
            kinds.less("r", "Do", "A", "B", **ABOUT),
            {"A": 1, "B": 1},
            "A must be less than B (1); got 1.",
        ),
        (
            kinds.bounded("r", "Do", "A", None, 1000, **ABOUT),
            {"A": 1001},
            "A must be at most 1,000; got 1001.",
        ),
        (
            kinds.sized("r", "Do", "A", 2, 3, **ABOUT),
            {"A": [1]},
            "A must have 2 to 3 items; got 1.",
        ),
        (
            kinds.choice("r", "Do", "A[].B", ("x", "y"), **ABOUT),
            {"A": [{"B": "z"}]},
            "A[0].B must be one of x, y; got z.",
        ),
        (
            kinds.matching("r", "Do", "A", "a+", "be letters a", **ABOUT),
            {"A": "b"},
            "A must be letters a; got 'b'.",
        ),
        (
            kinds.without("r", "Do", "A", "b", "contain b", **ABOUT),
            {"A": "abc"},
            "A must not contain b; got 'abc'.",
        ),
        (
            kinds.unique("r", "Do", "A", "N", **ABOUT),
            {"A": [{"N": "x"}, {"N": "x"}, {}]},
            "N in A must be unique; got x more than once.",
        ),
    ],
)
def test_a_kind_describes_its_violation(rule: Rule, request_: Any, message: str) -> None:
    assert broken(rule, request_) == [message]


@pytest.mark.parametrize(
    "rule",
    [
        kinds.exclusive("r", "Do", "A", "B", **ABOUT),
        kinds.requires("r", "Do", "A", "B", **ABOUT),
        kinds.forbids("r", "Do", "A", "B", **ABOUT),
        kinds.only_with("r", "Do", "A", "B", "x", **ABOUT),
        kinds.at_most("r", "Do", "A", "B", **ABOUT),
        kinds.bounded("r", "Do", "A", 1, 2, **ABOUT),
        kinds.unique("r", "Do", "A", **ABOUT),
    ],
)
def test_members_that_are_missing_break_no_relation(rule: Rule) -> None:
    assert broken(rule, {}) == []


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("Busy", ["Do is not allowed for a in status Busy; allowed statuses: Ready."]),
        ("Ready", []),
        (None, []),
    ],
)
def test_the_status_of_a_resource_is_read(status: str | None, message: list[str]) -> None:
    rule = kinds.in_state(
        "r", "Do", "Describe", "Status", keys={"Name": "Name"}, allowed=("Ready",), **ABOUT
    )
    state = {"Describe": {"Status": status}} if status else {}
    assert broken(rule, {"Name": "a"}, state) == message


def test_a_catalogue_raises_the_error_of_its_service() -> None:
    own = kinds.required("own", "Do", "A", code="ARequired", **ABOUT)
    general = kinds.required("general", "Do", "B", **ABOUT)
    catalogue = Catalogue("s", own, general, error="Invalid")

    with pytest.raises(AwsError, match="A is required") as error:
        catalogue.enforce(Call("Do", {}))
    assert error.value.code == "ARequired"
    with pytest.raises(AwsError, match="B is required") as error:
        catalogue.enforce(Call("Do", {"A": 1}))
    assert error.value.code == "Invalid"
    catalogue.enforce(Call("Do", {"A": 1, "B": 1}))
    catalogue.enforce(Call("Other", {}))


def test_names_of_rules_are_unique() -> None:
    twice = kinds.required("same", "Do", "A", **ABOUT)
    with pytest.raises(ValueError, match="several rules named same"):
        Catalogue("s", twice, twice)
