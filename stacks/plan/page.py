"""A plan as a page of text or as JSON."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacks.plan.idle_cost import IdleCost, idle_costs, price_list
from stacks.plan.steps import Step, alias_of, section_of_stack, steps
from stacks.plan.synthesis import SynthesisedStack, synthesised
from stacks.settings import Settings, load_settings

_WIDTH = 100
_ROW = "{section:<18}{stack:<32}{alias:<20}{region:<16}{cost:>12}"


@dataclass(frozen=True, kw_only=True)
class PlannedStack:
    """A stack with its section, its account and its cost.

    Args:
        section: section of the settings.
        stack: stack of the app.
        alias: alias of the account.
        costs: cost of its resources while idle.
    """

    section: str
    stack: SynthesisedStack
    alias: str
    costs: Sequence[IdleCost]

    @property
    def monthly(self) -> float:
        """Cost in US dollars for 730 hours."""
        return round(sum(cost.monthly for cost in self.costs), 2)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The stacks of a settings file, and the steps of a user.

    Args:
        config: the settings file.
        stacks: the stacks in the order of the app.
        steps: the steps, those before the deployment first.
    """

    config: Path
    stacks: Sequence[PlannedStack]
    steps: Sequence[Step]

    @property
    def monthly(self) -> float:
        """Cost in US dollars for 730 hours."""
        return round(sum(stack.monthly for stack in self.stacks), 2)

    def to_json(self) -> str:
        """Returns the plan as JSON."""
        prices = price_list()
        content: dict[str, Any] = {
            "config": str(self.config),
            "stacks": [
                {
                    "section": one.section,
                    "stack": one.stack.stack_name,
                    "path": one.stack.path,
                    "alias": one.alias,
                    "account": one.stack.account,
                    "region": one.stack.region,
                    "idle_monthly_usd": one.monthly,
                    "idle": [vars(cost) for cost in one.costs],
                }
                for one in self.stacks
            ],
            "idle_monthly_usd": self.monthly,
            "prices": {"region": prices["region"], "as_of": prices["as_of"]},
            "by_hand": [vars(step) for step in self.steps],
        }
        return json.dumps(content, indent=2)

    def to_text(self) -> str:
        """Returns the plan as text of up to 100 columns."""
        return "\n".join([*self._table(), "", *self._prices(), "", *self._steps()])

    def _table(self) -> Iterator[str]:
        yield _row("section", "stack", "account", "region", "idle, month")
        for one in self.stacks:
            yield from _rows(one)
        yield _row("", "", "", "", f"${self.monthly:,.2f}")

    def _prices(self) -> Iterator[str]:
        numbers: dict[str, tuple[int, float]] = {}
        for stack in self.stacks:
            for cost in stack.costs:
                number, monthly = numbers.get(cost.name, (0, 0.0))
                numbers[cost.name] = (number + cost.number, monthly + cost.monthly)
        for name, (number, monthly) in numbers.items():
            yield f"{number:>6} {name}: ${monthly:,.2f}"
        prices = price_list()
        yield from _wrapped(
            f"List prices of {prices['region']} as of {prices['as_of']}, for "
            f"{prices['hours_per_month']} hours, without tax. Storage, requests, jobs, endpoints "
            "and Studio applications cost by use (docs/cost.md)."
        )

    def _steps(self) -> Iterator[str]:
        for before, heading in ((True, "By hand, before:"), (False, "By hand, after:")):
            chosen = [step for step in self.steps if step.before is before]
            if not chosen:
                continue
            yield heading
            for step in chosen:
                yield from _wrapped(f"{step.account}: {step.text}", "  - ", "    ")
                for command in step.commands:
                    yield from _wrapped(command, "    ", "        ")


def plan_of(config: Path) -> Plan:
    """Returns the plan of a settings file.

    Args:
        config: the settings file.

    Raises:
        SettingsError: the settings are invalid.
        PlanError: the app rejects the settings.
    """
    settings = load_settings(config)
    stacks = synthesised(config)
    return Plan(
        config=config,
        stacks=[_planned(settings, stack) for stack in stacks],
        steps=steps(config, settings, stacks),
    )


def _planned(settings: Settings, stack: SynthesisedStack) -> PlannedStack:
    return PlannedStack(
        section=section_of_stack(settings, stack),
        stack=stack,
        alias=alias_of(settings, stack),
        costs=list(idle_costs(stack.resources)),
    )


def _rows(one: PlannedStack) -> Iterator[str]:
    name, cost = one.stack.stack_name, f"${one.monthly:,.2f}"
    if len(name) >= 32:  # the name alone on its line
        yield f"{one.section:<18}{name}"
        yield _row("", "", one.alias, one.stack.region, cost)
    else:
        yield _row(one.section, name, one.alias, one.stack.region, cost)


def _row(section: str, stack: str, alias: str, region: str, cost: str) -> str:
    return _ROW.format(section=section, stack=stack, alias=alias, region=region, cost=cost)


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    )
