"""A training of the story that ends without a new model package."""

import io
from typing import Any

import pytest
from rich.console import Console

from rehearsal.client import pipeline_watcher
from rehearsal.client.errors import RehearsalError
from rehearsal.client.process_tree import Commands
from rehearsal.client.progress import Board
from rehearsal.client.project import Project
from rehearsal.story import summary
from rehearsal.story.steps import Steps
from tests.rehearsal.loop_responses import BUILD, PACKAGE_ARN, action, execution, training
from tests.rehearsal.stubbed_aws import StubbedAws

PROJECT = Project("demo", "", {"ModelBuildPipelineName": "demo-model-build"})


def untrained(exported: dict[str, str]) -> StubbedAws:
    """Returns an account whose train build succeeded without an execution of the training."""
    train = action("Train", "Train", "Succeeded", 0, 9, external_id=BUILD, exported=exported)
    found, inner = execution("Succeeded", train), training()

    def list_executions(request: Any) -> dict[str, Any]:
        if "PipelineName" in request:
            return {"PipelineExecutionSummaries": []}
        return dict(found["ListPipelineExecutions"])

    return StubbedAws(**{**inner, **found, "ListPipelineExecutions": list_executions})


@pytest.mark.parametrize(
    ("exported", "what", "why"),
    [
        (
            {"MODEL_PACKAGE_ARN": PACKAGE_ARN, "IMAGE_URI": "image"},
            "trained no model: there is no new data",
            "version 1 of demo",
        ),
        ({"IMAGE_URI": "image"}, "registered no model package", "None of its training steps"),
        ({}, "registered no model package", "None of its training steps"),
    ],
)
def test_a_training_without_a_new_package_is_reported_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, exported: dict[str, str], what: str, why: str
) -> None:
    monkeypatch.setattr(pipeline_watcher, "POLL_SECONDS", 0)
    board = Board(Console(file=io.StringIO()))
    steps = Steps(board, Commands(), summary.begin("demo"))

    with pytest.raises(RehearsalError) as error:
        steps.train(untrained(exported), PROJECT, "e-1", ("model-build",))

    assert what in error.value.what
    assert why in error.value.why
    assert error.value.remedy
