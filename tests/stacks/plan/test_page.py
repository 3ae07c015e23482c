"""The command `plan`: text of up to 100 columns, and JSON."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stacks.plan.page import Plan, plan_of
from stacks.plan.synthesis import PlanError
from tests.stacks.conftest import ROOT

SETTINGS = """
accounts:
  dev: {id: "111111111111", region: eu-central-1}
  prod: {id: "222222222222", region: eu-central-1, prefix: PREFIX}
logs: {in: dev, alarms: [team@example.com]}
network: {in: prod, zones: 3, uses: [hosting]}
registry: {in: prod, groups: [credit]}
""".replace("PREFIX", "a-prefix-of-20-signs")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan") / "settings.yaml"
    path.write_text(SETTINGS)
    return path


@pytest.fixture(scope="module")
def plan(config: Path) -> Plan:
    return plan_of(config)


def test_the_stacks_are_those_of_the_app(plan: Plan) -> None:
    assert [(one.section, one.stack.stack_name, one.alias) for one in plan.stacks] == [
        ("logs", "Foundation", "dev"),
        ("defaults", "a-prefix-of-20-signsFoundation", "prod"),
        ("network", "a-prefix-of-20-signsNetwork", "prod"),
        ("registry", "a-prefix-of-20-signsRegistry", "prod"),
    ]
    assert [one.stack.path for one in plan.stacks] == [
        "dev/Foundation",
        "prod/Foundation",
        "prod/Network",
        "prod/Registry",
    ]


def test_the_cost_is_that_of_keys_and_of_endpoints_in_each_zone(plan: Plan) -> None:
    *_, network, registry = plan.stacks

    (endpoints,) = [cost for cost in network.costs if cost.name.startswith("interface")]
    assert endpoints.number % 3 == 0
    assert endpoints.monthly == pytest.approx(endpoints.number * 7.3)
    assert registry.monthly == 0
    assert plan.monthly == pytest.approx(sum(one.monthly for one in plan.stacks))


def test_the_text_fits_100_columns_and_has_all_parts(plan: Plan) -> None:
    text = plan.to_text()

    assert max(map(len, text.split("\n"))) <= 100
    assert f"${plan.monthly:,.2f}" in text
    assert "List prices of us-east-1 as of " in text
    assert text.index("By hand, before:") < text.index("By hand, after:")
    assert "Confirm the subscriptions that AWS mails to team@example.com." in text


def test_the_json_has_the_same_content(plan: Plan) -> None:
    found = json.loads(plan.to_json())

    assert [one["stack"] for one in found["stacks"]] == [
        one.stack.stack_name for one in plan.stacks
    ]
    assert found["idle_monthly_usd"] == plan.monthly
    assert [step["text"] for step in found["by_hand"]] == [step.text for step in plan.steps]
    assert set(found["stacks"][0]) == {
        *("section", "stack", "path", "alias", "account", "region"),
        *("idle_monthly_usd", "idle"),
    }


def test_the_command_reports_invalid_settings_without_a_trace(tmp_path: Path) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text(SETTINGS.replace("zones: 3", "zones: 9"))

    done = subprocess.run(
        [sys.executable, "-m", "stacks", "plan", "--config", str(config)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "network.zones: got 9 (number); allowed is at most 6" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_app_rejects_is_reported_without_warnings(tmp_path: Path) -> None:
    config = tmp_path / "settings.yaml"
    gateways = 'internet: {because: "models call a service", nat_gateways: 5}'
    config.write_text(SETTINGS.replace("zones: 3,", f"zones: 3, {gateways},"))

    with pytest.raises(PlanError) as caught:
        plan_of(config)

    message = str(caught.value)
    assert message.startswith(f"{config}: ")
    assert "got 5 NAT gateways; allowed are 1 to 3, one in each zone" in message
    assert "Warning" not in message
