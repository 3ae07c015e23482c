"""Pushes, tags and pull requests at a provider start pipelines, as their filters say."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.services.codepipeline.git_triggers import glob
from tests.rehearsal.services.codeconnections.provider import NAME, Provider, pipeline, started


def test_a_push_to_the_branch_starts_the_pipeline_without_filters(
    codepipeline: Any, connection: str, provider: Provider
) -> None:
    provider.post("handshake")
    codepipeline.create_pipeline(pipeline=pipeline(connection))
    pushed = provider.commit("main", "model.py")
    provider.commit("other", "model.py")
    provider.tag("v1")
    assert started(codepipeline) == [pushed]


def test_branches_and_paths_filter_pushes(
    codepipeline: Any, connection: str, provider: Provider
) -> None:
    provider.post("handshake")
    provider.commit("main", "README.md")
    push = {
        "branches": {"includes": ["main", "release/**"], "excludes": ["release/old"]},
        "filePaths": {"includes": ["model/**"], "excludes": ["**/*.md"]},
    }
    codepipeline.create_pipeline(pipeline=pipeline(connection, push=[push]))
    wanted = [provider.commit("main", "model/train.py")]
    provider.commit("main", "docs/index.rst")
    provider.commit("main", "model/README.md")
    provider.commit("feature", "model/train.py")
    provider.commit("release/old", "model/train.py")
    wanted.append(provider.commit("release/1", "model/train.py"))
    provider.tag("v1")
    assert started(codepipeline) == wanted


def test_tags_filter_pushes(codepipeline: Any, connection: str, provider: Provider) -> None:
    provider.post("handshake")
    pushed = provider.commit("main", "model.py")
    push = {"tags": {"includes": ["v*"], "excludes": ["v0*"]}}
    codepipeline.create_pipeline(pipeline=pipeline(connection, push=[push]))
    for name in ("v0.1", "x", "v1"):
        provider.tag(name)
    assert started(codepipeline) == [pushed]


def test_pull_requests_start_with_the_commit_that_is_to_be_merged(
    codepipeline: Any, connection: str, provider: Provider
) -> None:
    provider.post("handshake")
    provider.commit("main", "README.md")
    wanted = [provider.commit("feature", "model.py")]
    request = {"events": ["OPEN", "UPDATED"], "branches": {"includes": ["main"]}}
    codepipeline.create_pipeline(pipeline=pipeline(connection, pullRequest=[request]))
    opened = provider.post(f"{NAME}/pull-requests", {"source": "feature", "target": "main"})
    assert opened == (200, '{"number": 1}')
    wanted.append(provider.commit("feature", "model.py"))
    assert provider.post(f"{NAME}/pull-requests/1/close")[0] == 200
    provider.commit("feature", "model.py")
    assert started(codepipeline) == wanted


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*", "a/b", False),
        ("**", "a/b", True),
        ("**/x.py", "x.py", True),
        ("**/x.py", "a/b/x.py", True),
        ("a/?.py", "a/b.py", True),
        ("{main,dev}", "dev", True),
        ("[ab]", "c", False),
        ("[!ab]", "c", True),
        ("a.b", "axb", False),
    ],
)
def test_patterns_are_globs(pattern: str, text: str, matches: bool) -> None:
    assert glob(pattern, text) is matches
