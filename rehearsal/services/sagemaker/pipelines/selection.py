"""Selective execution: a run of some steps, with the results of an earlier run for the others.

Source: "Selective execution of pipeline steps" in the developer guide, and
SelectiveExecutionConfig in the API reference.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rehearsal.services.sagemaker.pipelines.definition import Definition, walk
from rehearsal.services.sagemaker.pipelines.references import reference_names, step_names_in
from rehearsal.services.sagemaker.pipelines.run import StepState
from rehearsal.services.sagemaker.pipelines.step_kinds import BRANCHES


class SelectionError(Exception):
    """The selected steps cannot run without the others; the text says why."""


def check_selection(definition: Definition, selected: frozenset[str]) -> None:
    """Checks that selected steps exist, with all steps of the paths between them.

    Raises:
        SelectionError: they do not.
    """
    needs = _needs(definition)
    unknown = sorted(selected - needs.keys())
    if unknown:
        raise SelectionError(
            f"SelectedSteps: the pipeline has no step {', '.join(unknown)}; it has "
            f"{', '.join(needs)}."
        )
    for name in sorted(selected):
        for before in sorted(needs[name] - selected):
            earlier = sorted(_all_before(before, needs) & selected)
            if earlier:
                raise SelectionError(
                    f"SelectedSteps: {before} is between {earlier[0]} and {name}: select it, too."
                )


def reused(
    definition: Definition,
    selected: frozenset[str],
    source: str | None,
    states: Mapping[str, StepState],
) -> dict[str, StepState]:
    """Returns the results of an earlier execution that the selected steps refer to.

    Args:
        definition: the definition.
        selected: the names of the selected steps.
        source: the ARN of the earlier execution; None if the request names none.
        states: the steps of the earlier execution, by name.

    Raises:
        SelectionError: a step that is needed did not succeed in it.
    """
    found = {}
    for step in walk(definition.steps):
        if step["Name"] not in selected:
            continue
        for needed in sorted(set(reference_names(step)) - selected):
            if source is None:
                raise SelectionError(
                    f"SelectedSteps: {step['Name']} needs results of {needed}: give "
                    "SourcePipelineExecutionArn, or select it, too."
                )
            state = states.get(needed)
            if state is None or state.status != "Succeeded":
                raise SelectionError(
                    f"SelectedSteps: {step['Name']} needs results of {needed}, which did not "
                    f"succeed in {source}."
                )
            found[needed] = replace(state, selective_source=state.selective_source or source)
    return found


def _needs(definition: Definition) -> dict[str, set[str]]:
    """Returns the steps that each step depends on; a step of a branch depends on its condition."""
    needs = {step["Name"]: set(step_names_in(step)) for step in walk(definition.steps)}
    for step in walk(definition.steps):
        if step["Type"] == "Condition":
            for inner in _in_branches(step):
                needs[inner].add(step["Name"])
    return needs


def _in_branches(step: Mapping[str, Any]) -> Iterator[str]:
    for branch in BRANCHES:
        for inner in step["Arguments"].get(branch) or ():
            yield inner["Name"]


def _all_before(name: str, needs: Mapping[str, set[str]]) -> set[str]:
    """Returns the steps that a step depends on, directly or not."""
    found: set[str] = set()
    open_steps = [name]
    while open_steps:
        new = needs[open_steps.pop()] - found
        found |= new
        open_steps += new
    return found
