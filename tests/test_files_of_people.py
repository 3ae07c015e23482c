"""Every file of a user, broken in thousands of ways: a short error each time.

The mutations are drawn from a fixed seed, so that a run finds what the run before found.
"""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlops_constructs.feature_store import FeatureSchema
from mlops_constructs.studio import StudioUser
from stacks.settings import load_settings

ROOT = Path(__file__).parent.parent
MUTATIONS = 400
PIECES = """
{{ project }} | ? [a, b] | ? {a: b} | : | - | [ | ] | { | } | " | ' | & | &x | *x | &x [*x] | !
!!int x | !!bool x | !!float x | !!timestamp x | !!binary =x | !!set {a} | !!omap [a] | !x y
!!python/name:os.system x | !!null x | 2026-99-99 | 2026-11-29 | 25:61:61 | 0x | 0b2 | 0777
1e999 | .inf | -.inf | .nan | ~ | no | on | = | << | <<: 7 | <<: {a: b} | %YAML 3.0 | --- | ...
# | \t | \x00 | \x07 | \x85 | \ufeff | \u0661\u0661 | \ud7ff | \U0001f600 | null | [] | {} | "" | ''
-1 | 1.5 | true | a: b | >- | |- | @x | `x | "\\x00" | "\\uD800" | "a\\nb" | [[[[[[[[ | - - - - -
999999999999999999999999
"""
LONG = ["9" * 5000, "x" * 100_000, "[" * 900, "{a: " * 400]
LONG.append("\n".join(f"k{n}: 1" for n in range(5000)))
LEAKS = (
    "Input should be",
    "instance of",
    "validation, not",
    "datetime.",
    "Traceback",
    "valid string",
)
PLATFORM = """
accounts:
  dev: &account {id: "111111111111", region: eu-central-1, replicas: [eu-west-1]}
  prod: {<<: *account, id: "222222222222"}
defaults:
  tags: {owner: ml-platform}
  termination_protection: true
  permissions_boundary: OrgBoundary
network:
  in: [dev, prod]
  cidr: 10.20.0.0/16
  uses: [studio, training]
studio: {in: dev, idle_shutdown: {hours: 2, longest_hours: 12}, mlflow: {}}
registry: {in: dev, groups: [credit], share_with: [prod]}
project_templates:
  in: dev
  removal: retain
  allowed_cidrs: ["203.0.113.0/24"]
  service_catalog:
    principals: ["role/sagemaker-personas/*"]
projects:
  - &churn
    name: churn
    in: dev
    removal: destroy
    stages: [{name: staging}, {name: prod, in: prod, approval: {notify: [a@example.com]}}]
    personas: [reviewer]
    budget: {monthly: 800, notify: [owner@example.com]}
  - {<<: *churn, name: fraud, id: p-1}
connections: [{name: github, in: [dev], provider: GitHub}]
platform_pipeline:
  in: dev
  name: platform
  source: {connection: github, owner: my-organisation, repository: platform}
  waves:
    - {accounts: [prod], approval: "Deploy?"}
"""


@dataclass(frozen=True)
class Loader:
    """Reads one kind of file: one that it accepts, and the error with which it refuses others."""

    name: str
    good: str
    load: Callable[[Path], object]
    error: type[Exception] = ValueError


def platform_settings() -> Loader:
    from stacks.settings import SettingsError

    return Loader("platform", PLATFORM, load_settings, SettingsError)


def deployment_settings() -> Loader:
    from model_deploy.settings import SettingsError, load_settings

    text = (ROOT / "seed_code/model_deploy/config/prod.yaml").read_text()
    return Loader("model_deploy", text, load_settings, SettingsError)


def build_configuration() -> Loader:
    # Not imported by name: mypy checks model-build apart, with its own settings.
    read_configuration = importlib.import_module("pipeline.configuration").read_configuration
    refusal: type[Exception] = importlib.import_module("mlops_jobs.failure").InputError
    text = (ROOT / "seed_code/model_build/config.yaml").read_text()
    return Loader("model_build", text, read_configuration, refusal)


def people() -> Loader:
    text = "ada:\ngrace:\n  role: engineers\n  settings:\n    storage: {default_gib: 20}\n"
    return Loader("people", text, StudioUser.from_yaml)


def feature_schema() -> Loader:
    text = "record_identifier: id\nevent_time: at\nfeatures:\n  id: string\n  at: fractional\n"
    return Loader("feature schema", text, FeatureSchema.from_yaml)


def mutated(text: str, dice: random.Random) -> str:
    """The text with one to three things broken."""
    lines = text.splitlines()
    for _ in range(dice.randint(1, 3)):
        number = dice.randrange(len(lines))
        line = lines[number]
        piece = dice.choice(pieces())
        place = dice.randrange(len(line) + 1)
        lines[number] = dice.choice(
            [
                line[:place] + piece + line[place:],
                line.split(":")[0] + ": " + piece,
                line.replace(line.strip(), piece) if line.strip() else piece,
                line + "\n" + line,
                line[:place],
                line + "\n" + " " * dice.randrange(6) + piece,
            ]
        )
        lines = "\n".join(lines).split("\n") or [""]
    return "\n".join(lines)


def pieces() -> list[str]:
    return [piece for line in PIECES.strip().split("\n") for piece in line.split(" | ")] + LONG


@pytest.fixture(scope="module", autouse=True)
def _seeds() -> Iterator[None]:
    """The code of both seed repositories can be imported, as it is in a project."""
    before = list(sys.path)
    for folder in ("model_deploy", "model_build", "model_build/src"):
        sys.path.insert(0, str(ROOT / "seed_code" / folder))
    yield
    sys.path[:] = before


@pytest.mark.parametrize(
    "kind", [platform_settings, deployment_settings, build_configuration, people, feature_schema]
)
def test_a_file_that_is_broken_anyhow_is_refused_briefly_and_by_name(
    tmp_path: Path, kind: Callable[[], Loader]
) -> None:
    loader = kind()
    path = tmp_path / "file.yaml"
    path.write_text(loader.good)
    loader.load(path)
    dice = random.Random(loader.name)  # noqa: S311 - reproducible, not secret
    refused = 0
    for _ in range(MUTATIONS):
        text = mutated(loader.good, dice)
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            loader.load(path)
        except loader.error as error:
            refused += 1
            message = str(error)
            assert "file.yaml" in message, text
            assert message.count("\n") < 100, text
            assert max(map(len, message.split("\n"))) < 1000, text
            assert not any(leak in message for leak in LEAKS), (message, text)
    assert refused > MUTATIONS / 3


BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
KINDS: list[tuple[str, Callable[[str], bytes], str | None]] = [
    ("byte order mark", lambda good: good.encode("utf-8-sig"), None),
    ("carriage returns", lambda good: good.replace("\n", "\r\n").encode(), None),
    ("directive and marker", lambda good: f"%YAML 1.1\n---\n{good}".encode(), None),
    ("comments alone around it", lambda good: f"# one\n\n{good}\n# two\n".encode(), None),
    ("UTF-16", lambda good: good.encode("utf-16"), "is not UTF-8 text"),
    ("Latin-1", lambda good: f"{good}\n# \u00fc".encode("latin-1"), "is not UTF-8 text"),
    ("null character", lambda good: f"{good}\x00".encode(), "U+0000 is not allowed"),
    ("two documents", lambda good: f"{good}\n---\n{good}".encode(), "is not YAML: "),
    ("tab", lambda good: f"{good}x:\n\ty: 1\n".encode(), "is not YAML: "),
    ("twice", lambda good: f"{good}\n{good}".encode(), " duplicate "),
    ("template", lambda good: f"{good}\n{{{{ x }}}}: 1\n".encode(), "for a key"),
    ("template as a value", lambda good: f"{good}\nx: {{{{ x }}}}\n".encode(), "for a key"),
    ("tag", lambda good: f"{good}\nx: !custom y\n".encode(), "got the tag '!custom'"),
    ("call", lambda good: f"{good}\nx: !!python/object/apply:os.getcwd []\n".encode(), "tag"),
    ("octal", lambda good: f"{good}\nx: 010\n".encode(), "which YAML reads as 8; write 8"),
    ("sexagesimal", lambda good: f"{good}\nx: 12:30:45\n".encode(), "YAML reads as 45045"),
    ("infinity", lambda good: f"{good}\nx: .inf\n".encode(), "is not a number that can be used"),
    ("date", lambda good: f"{good}\nx: 2026-13-01\n".encode(), "is not a date that can be used"),
    ("levels", lambda good: f"{good}\nx: {'[' * 99}{']' * 99}\n".encode(), "more than 50 levels"),
    ("bomb", lambda good: f"a0: &a0 [x]\n{BOMB}{good}".encode(), "use fewer aliases"),
    ("circle", lambda good: f"{good}\nx: &x [*x]\n".encode(), "a value that contains it"),
    ("unknown alias", lambda good: f"{good}\nx: *nothing\n".encode(), "undefined alias"),
    ("merged text", lambda good: f"{good}\nx: {{<<: y}}\n".encode(), "got no mapping"),
    ("half a character", lambda good: f'{good}\nx: "\\ud800"\n'.encode(), "whole characters"),
    ("empty", lambda _: b"", "got"),
    ("comments alone", lambda _: b"# nothing\n", "got"),
    ("null", lambda _: b"null\n", "got"),
    ("list", lambda _: b"- a\n- b\n", "got"),
    ("text", lambda _: b"text\n", "got"),
    ("two megabytes", lambda good: good.encode() + b"#" * 2_000_000, "is larger than 1 MB"),
]


@pytest.mark.parametrize(
    "kind", [platform_settings, deployment_settings, build_configuration, people, feature_schema]
)
@pytest.mark.parametrize(("name", "written", "problem"), KINDS, ids=[one[0] for one in KINDS])
def test_yaml_of_every_kind_is_read_or_rejected_in_the_same_way(
    tmp_path: Path,
    kind: Callable[[], Loader],
    name: str,
    written: Callable[[str], bytes],
    problem: str | None,
) -> None:
    loader = kind()
    path = tmp_path / "file.yaml"
    path.write_bytes(written(loader.good))
    if problem is None:
        assert loader.load(path), name
        return
    with pytest.raises(loader.error) as caught:
        loader.load(path)
    message = str(caught.value)
    assert problem in message
    assert "file.yaml" in message
    assert len(message) < 3000
