"""Validation of `config/<stage>.yaml`, and its messages."""

from pathlib import Path

import pytest

from model_deploy.settings import RealTime, Serverless, SettingsError, StageSettings, load_settings

ROOT = Path(__file__).parent.parent
REAL_TIME = "kind: real-time\ninstance_type: ml.m7i.large\n"
SERVERLESS = "kind: serverless\n"
ASYNCHRONOUS = "kind: asynchronous\ninstance_type: ml.m7i.large\n"
COMPONENT = "kind: component\ninstance_type: ml.m7i.xlarge\ncompute: {memory_mb: 1024}\n"
BATCH = "kind: batch\ninstance_type: ml.m5.large\nschedule: rate(1 day)\n"


def settings_of(folder: Path, text: str) -> StageSettings:
    path = folder / "prod.yaml"
    path.write_text(text)
    return load_settings(path)


@pytest.mark.parametrize("file", sorted((ROOT / "config").iterdir()), ids=lambda file: file.stem)
def test_the_settings_of_this_repository_can_be_used(file: Path) -> None:
    load_settings(file)


def test_a_serverless_stage_needs_its_kind_only(tmp_path: Path) -> None:
    assert settings_of(tmp_path, SERVERLESS) == Serverless(kind="serverless")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "kind: realtime",
            "prod.yaml:1: kind: got 'realtime'; allowed: 'real-time', 'serverless', 'asynchronous'",
        ),
        (
            "instance_type: ml.m7i.large",
            "prod.yaml:1: kind: got nothing; allowed: 'real-time', 'serverless'",
        ),
        ("kind: real-time", "instance_type: got nothing; set it"),
        (REAL_TIME + "instance_counts: 2", "instance_counts: got an unknown key; allowed: kind, "),
        (REAL_TIME + "memory_mb: 2048", "memory_mb: got an unknown key; allowed: kind, version,"),
        (SERVERLESS + "capture: {}", "capture: got an unknown key; allowed: kind, version, "),
        (SERVERLESS + "memory_mb: 1000", "memory_mb: got 1000; allowed: 1024, 2048, 3072, 4096"),
        (SERVERLESS + "max_concurrency: 201", "max_concurrency: got 201; allowed: less than or"),
        ("kind: real-time\ninstance_type: m7i.large", "instance_type: got 'm7i.large'; allowed:"),
        (REAL_TIME + "instance_count: 0", "instance_count: got 0; allowed: greater than or equa"),
        (
            REAL_TIME + "instance_count: two",
            "prod.yaml:3: instance_count: got 'two'; allowed: a whole number",
        ),
        (REAL_TIME + "tags: {cost: 7}", "tags.cost: got 7; allowed: a string; put it"),
        (REAL_TIME + "scaling: {minimum: 1}", "scaling.maximum: got nothing; set it"),
        (
            REAL_TIME + "scaling: {min: 1, maximum: 2, invocations_per_instance: 9}",
            "scaling.min: got an unknown key; allowed: minimum, maximum, scale_in_cooldown_seconds",
        ),
        (
            REAL_TIME + "capture: {sampling_percentage: 101}",
            "capture.sampling_percentage: got 101; allowed: less than or equal to 100",
        ),
        (
            REAL_TIME + "rollout: {strategy: blue}",
            "rollout.strategy: got 'blue'; allowed: 'all-at-once', 'canary', 'linear' or 'rolli",
        ),
        (REAL_TIME + "rollout: {strategy: canary}", "canary needs either instances or percent"),
        (
            REAL_TIME + "rollout: {strategy: canary, instances: 1, percent: 10}",
            "canary needs either instances or percent",
        ),
        (
            REAL_TIME + "rollout: {strategy: all-at-once, percent: 10}",
            "all-at-once cannot be combined with instances or percent",
        ),
        (
            REAL_TIME + "rollout: {strategy: rolling, percent: 50, termination_wait_minutes: 1}",
            "rolling cannot be combined with termination_wait_minutes",
        ),
        (
            REAL_TIME + "rollout: {strategy: all-at-once, rollback: {latency: 1}}",
            "rollout.rollback.latency: got an unknown key; allowed: enabled, error_percentage, "
            "latency_milliseconds",
        ),
        (
            REAL_TIME + "scaling: {minimum: 4, maximum: 2, invocations_per_instance: 9}",
            "prod.yaml:3: scaling: maximum: got 2; allowed: the minimum (4) or more",
        ),
        (
            REAL_TIME + "instance_count: 9\n"
            "scaling: {minimum: 2, maximum: 3, invocations_per_instance: 9}",
            "prod.yaml:3: instance_count: got 9; allowed: 2 to 3, the bounds of scaling",
        ),
        (
            SERVERLESS + "provisioned_concurrency: 6",
            "prod.yaml:2: provisioned_concurrency: got 6; allowed: at most max_concurrency (5)",
        ),
        ("- kind", "got ['kind']; allowed: a mapping of the keys"),
        ("", "got None; allowed: a mapping of the keys"),
        ("kind: [", "prod.yaml:1: is not YAML"),
        (
            REAL_TIME + "kind: real-time",
            "prod.yaml:3: kind: got a duplicate key; keep one of them",
        ),
        (REAL_TIME + "encrypt_volumes: 1", "encrypt_volumes: got 1; allowed: true or false"),
        (
            REAL_TIME + "tags: {a: no}",
            "tags.a: got no, which YAML reads as false; allowed: a string",
        ),
        (
            REAL_TIME + "instance_count: 1000000000000",
            "instance_count: got 1000000000000; allowed:",
        ),
        (
            REAL_TIME + "scaling: {minimum: 1, maximum: 2, invocations_per_instance: .inf}",
            "scaling.invocations_per_instance: got '.inf', which is not a number that can be used",
        ),
        (
            REAL_TIME + "capture: {prefix: capture}",
            "capture.prefix: got an unknown key; allowed: sa",
        ),
        (REAL_TIME + "scaling:", "scaling.minimum: got nothing; set it"),
        (
            REAL_TIME + "rollout: {strategy: all-at-once, rollback: 5}",
            "rollout.rollback: got 5; allowed: a mapping of enabled, error_percentage, lat",
        ),
        (REAL_TIME + "version: 0", "version: got 0; allowed: greater than or equal to 1"),
        (REAL_TIME + "version: latest", "version: got 'latest'; allowed: a whole number"),
        (
            REAL_TIME + "second_variant: {version: 6}",
            "second_variant.percentage: got nothing; set it",
        ),
        (
            REAL_TIME + "second_variant: {version: 6, percentage: 100}",
            "second_variant.percentage: got 100; allowed: less than or equal to 99",
        ),
        (
            REAL_TIME + "second_variant: {version: 6, weight: 1}",
            "second_variant.weight: got an unknown key; allowed: instance_type, instance_count",
        ),
        (
            REAL_TIME + "second_variant: {version: 6, percentage: 1}\nshadow: {version: 5}",
            "second_variant cannot be combined with shadow",
        ),
        (
            REAL_TIME + "shadow: {instance_type: large}",
            "shadow.instance_type: got 'large'; allowed: an instance type such as ml.m7i.large",
        ),
        (SERVERLESS + "shadow: {}", "shadow: got an unknown key; allowed: kind, version"),
        (ASYNCHRONOUS + "capture: {}", "capture: got an unknown key; allowed: kind, version"),
        (
            ASYNCHRONOUS + "scaling: {maximum: 2, invocations_per_instance: 5}",
            "scaling.invocations_per_instance: got an unknown key; allowed: minimum, maximum",
        ),
        (
            ASYNCHRONOUS + "scaling: {maximum: 2}\ninstance_count: 3",
            "instance_count: got 3; allowed: 1 to 2, the bounds of scaling",
        ),
        (
            ASYNCHRONOUS + "max_concurrent_invocations: 1001",
            "max_concurrent_invocations: got 1001; allowed: less than or equal to 1000",
        ),
        ("kind: component\ninstance_type: ml.m7i.xlarge", "compute: got nothing; set it"),
        (COMPONENT + "instances: {maximum: 0}", "instances.maximum: got 0; allowed: greater"),
        (
            COMPONENT + "instances: {minimum: 3, maximum: 2}",
            "instances: maximum: got 2; allowed: the minimum (3) or more",
        ),
        (
            "kind: component\ninstance_type: ml.m7i.xlarge\ncompute: {memory_mb: 64}",
            "compute.memory_mb: got 64; allowed: greater than or equal to 128",
        ),
        (COMPONENT + "scaling: {minimum: 3, maximum: 2}", "scaling: maximum: got 2; allowed: the"),
        ("kind: batch\ninstance_type: ml.m5.large", "schedule: got nothing; set it"),
        (
            BATCH.replace("rate(1 day)", "daily"),
            "schedule: got 'daily'; allowed: cron(minute hour day month weekday year), such as",
        ),
        (BATCH.replace("rate(1 day)", "cron(0 3 * * *)"), "schedule: got 'cron(0 3 * * *)'; all"),
        (BATCH.replace("1 day", "5 minutes"), "schedule: got 'rate(5 minutes)'; allowed: cron("),
        (BATCH.replace("rate(1 day)", "cron(* 3 * * ? *)"), "at most one run per hour"),
        (BATCH + "time_zone: Berlin", "time_zone: got 'Berlin'; allowed: a time zone such as Eur"),
        (BATCH + "time_zone: ../etc/passwd", "time_zone: got '../etc/passwd'; allowed: a time z"),
        (BATCH + "instance_count: 101", "instance_count: got 101; allowed: less than or equal"),
        (BATCH + "content_type: text/xml", "content_type: got 'text/xml'; allowed: 'text/csv' or"),
    ],
)
def test_wrong_settings_are_rejected_with_file_key_got_and_allowed(
    tmp_path: Path, text: str, expected: str
) -> None:
    with pytest.raises(SettingsError) as error:
        settings_of(tmp_path, text)

    assert str(tmp_path / "prod.yaml") in str(error.value)
    assert expected in str(error.value)


def test_a_section_whose_keys_are_comments_has_every_default(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, REAL_TIME + "capture:\n  # sampling_percentage: 5\n")

    assert isinstance(settings, RealTime)
    assert settings.capture is not None and settings.capture.sampling_percentage == 100


@pytest.mark.parametrize("kind", [ASYNCHRONOUS, COMPONENT, BATCH])
def test_a_kind_needs_its_required_keys_only(tmp_path: Path, kind: str) -> None:
    assert settings_of(tmp_path, kind).versions == {"version": None}


def test_a_shadow_without_keys_is_the_newest_version(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, REAL_TIME + "version: 6\nshadow:\n  # percentage: 50\n")

    assert settings.versions == {"version": 6, "shadow.version": None}


def test_a_text_of_another_encoding_is_rejected_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "prod.yaml"
    path.write_bytes(REAL_TIME.encode() + "tags: {owner: Jos\u00e9}".encode("latin-1"))

    with pytest.raises(SettingsError, match=r"prod\.yaml:3: is not UTF-8 text"):
        load_settings(path)


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        settings_of(tmp_path, REAL_TIME + "instance_count: 0\nencrypt: true\ncapture: {share: 1}\n")

    assert str(error.value).count(f"\n  - {tmp_path / 'prod.yaml'}:") == 3


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"qa\.yaml: no such file"):
        load_settings(tmp_path / "qa.yaml")
