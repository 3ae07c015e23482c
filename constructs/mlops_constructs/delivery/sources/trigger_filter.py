"""Filters of the pushes and pull requests that start a pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from aws_cdk import aws_codepipeline as codepipeline

from mlops_constructs._problems import Problems, is_known

_MAX_PATTERNS = 8
_MAX_FILTERS = 3
_MAX_PATTERN_LENGTH = 255


class PullRequestEvent(Enum):
    """Events of a pull request."""

    OPENED = codepipeline.GitPullRequestEvent.OPEN
    UPDATED = codepipeline.GitPullRequestEvent.UPDATED
    CLOSED = codepipeline.GitPullRequestEvent.CLOSED


class _Kind(Enum):
    BRANCHES = "branches"
    TAGS = "tags"
    PULL_REQUESTS = "pull requests"


@dataclass(frozen=True, kw_only=True)
class TriggerFilter:
    """Defines a filter of pushes or pull requests that start a pipeline.

    Patterns are globs: `*` matches any characters but a slash, `**` any characters. An event passes
    if it matches one of the included patterns (or no pattern is included) and none of the excluded
    ones; one of the changed files must pass as well. An event that passes one of several filters
    of a source starts the pipeline.

    Use `branches`, `tags` or `pull_requests` to create a filter.

    Args:
        kind: type of the filter.
        includes: patterns of branches or tags, up to 8, each of 1 to 255 characters.
        excludes: patterns of excluded branches or tags, up to 8. Defaults to (): none.
        paths: patterns of changed files, up to 8. Defaults to (): any file.
        excluded_paths: patterns of excluded files, up to 8. Defaults to (): none.
        events: events of pull requests. Defaults to (): required for pull requests only.

    Raises:
        ValueError: if there is no pattern of branches or tags, more than 8 patterns of a kind, a
            pattern of more than 255 characters, or no event of pull requests.

    Source: AWS CodePipeline User Guide, "Add trigger with code push or pull request event types".

    Example:
        ```python
        TriggerFilter.branches("main", "release/**", paths=["model/**"])
        TriggerFilter.tags("v*")
        TriggerFilter.pull_requests("main")
        ```
    """

    kind: _Kind
    includes: Sequence[str]
    excludes: Sequence[str] = ()
    paths: Sequence[str] = ()
    excluded_paths: Sequence[str] = ()
    events: Sequence[PullRequestEvent] = ()

    @staticmethod
    def branches(
        *includes: str,
        excludes: Sequence[str] = (),
        paths: Sequence[str] = (),
        excluded_paths: Sequence[str] = (),
    ) -> TriggerFilter:
        """Returns a filter of pushes to branches.

        Args:
            includes: patterns of branches, up to 8, each of 1 to 255 characters.
            excludes: patterns of excluded branches, up to 8. Defaults to (): none.
            paths: patterns of changed files, up to 8. Defaults to (): any file.
            excluded_paths: patterns of files whose changes are ignored, up to 8. Defaults to ():
                none.

        Raises:
            ValueError: if there is no pattern of branches (CodePipeline supports paths only with
                branches), more than 8 patterns of a kind, or a pattern of more than 255 characters.
        """
        return TriggerFilter(
            kind=_Kind.BRANCHES,
            includes=includes,
            excludes=excludes,
            paths=paths,
            excluded_paths=excluded_paths,
        )

    @staticmethod
    def tags(*includes: str, excludes: Sequence[str] = ()) -> TriggerFilter:
        """Returns a filter of pushes of git tags; CodePipeline does not support file paths here.

        Args:
            includes: patterns of tags, up to 8, each of 1 to 255 characters.
            excludes: patterns of excluded tags, up to 8. Defaults to (): none.

        Raises:
            ValueError: if there is no pattern, more than 8 patterns of a kind, or a pattern of more
                than 255 characters.
        """
        return TriggerFilter(kind=_Kind.TAGS, includes=includes, excludes=excludes)

    @staticmethod
    def pull_requests(
        *target_branches: str,
        excludes: Sequence[str] = (),
        paths: Sequence[str] = (),
        excluded_paths: Sequence[str] = (),
        events: Sequence[PullRequestEvent] = (PullRequestEvent.OPENED, PullRequestEvent.UPDATED),
    ) -> TriggerFilter:
        """Returns a filter of pull requests; the pipeline runs with the commit to merge.

        Args:
            target_branches: patterns of destination branches, up to 8, each of 1 to 255 characters.
            excludes: patterns of excluded destination branches, up to 8. Defaults to (): none.
            paths: patterns of changed files, up to 8. Defaults to (): any file.
            excluded_paths: patterns of files whose changes are ignored, up to 8. Defaults to ():
                none.
            events: events that start the pipeline; at least one. Defaults to opened and updated
                requests.

        Raises:
            ValueError: if there is no pattern of branches, no event, more than 8 patterns of a
                kind, or a pattern of more than 255 characters.
        """
        return TriggerFilter(
            kind=_Kind.PULL_REQUESTS,
            includes=target_branches,
            excludes=excludes,
            paths=paths,
            excluded_paths=excluded_paths,
            events=events,
        )

    def __post_init__(self) -> None:
        problems = Problems(f"TriggerFilter of {self.kind.value}")
        if not self.includes and not self.excludes:
            problems.add(
                f"includes and excludes: got no pattern of {self.kind.value}; CodePipeline "
                "requires at least one, and '**' includes all"
            )
        for name, patterns in self._patterns().items():
            problems.extend(_pattern_problems(name, patterns))
        if self.of_pull_requests and not self.events:
            problems.add("events: got none; allowed are OPENED, UPDATED and CLOSED")
        problems.raise_if_any()

    @property
    def of_pull_requests(self) -> bool:
        """True for a filter of pull requests, False for one of pushes."""
        return self.kind is _Kind.PULL_REQUESTS

    @property
    def of_tags(self) -> bool:
        """True for a filter of tags."""
        return self.kind is _Kind.TAGS

    def push_filter(self) -> codepipeline.GitPushFilter:
        """Returns the filter as CDK's `GitPushFilter`."""
        if self.of_tags:
            return codepipeline.GitPushFilter(
                tags_includes=_listed(self.includes), tags_excludes=_listed(self.excludes)
            )
        return codepipeline.GitPushFilter(
            branches_includes=_listed(self.includes),
            branches_excludes=_listed(self.excludes),
            file_paths_includes=_listed(self.paths),
            file_paths_excludes=_listed(self.excluded_paths),
        )

    def pull_request_filter(self) -> codepipeline.GitPullRequestFilter:
        """Returns the filter as CDK's `GitPullRequestFilter`."""
        return codepipeline.GitPullRequestFilter(
            events=[event.value for event in self.events],
            branches_includes=_listed(self.includes),
            branches_excludes=_listed(self.excludes),
            file_paths_includes=_listed(self.paths),
            file_paths_excludes=_listed(self.excluded_paths),
        )

    def _patterns(self) -> Mapping[str, Sequence[str]]:
        return {
            "includes": self.includes,
            "excludes": self.excludes,
            "paths": self.paths,
            "excluded_paths": self.excluded_paths,
        }


def filter_problems(filters: Sequence[TriggerFilter]) -> list[str]:
    """Validates the number of filters of one source; returns one message per problem."""
    pull_requests = sum(one.of_pull_requests for one in filters)
    return [
        f"filters: got {count} of {kind}; allowed are up to {_MAX_FILTERS}: join patterns into one "
        "filter"
        for kind, count in (
            ("pushes", len(filters) - pull_requests),
            ("pull requests", pull_requests),
        )
        if count > _MAX_FILTERS
    ]


def _pattern_problems(name: str, patterns: Sequence[str]) -> list[str]:
    problems = []
    if len(patterns) > _MAX_PATTERNS:
        problems.append(f"{name}: got {len(patterns)} patterns; allowed are up to {_MAX_PATTERNS}")
    problems += [
        f"{name}: got {pattern!r} with {len(pattern)} characters; allowed are 1 to "
        f"{_MAX_PATTERN_LENGTH}"
        for pattern in patterns
        if is_known(pattern) and not 1 <= len(pattern) <= _MAX_PATTERN_LENGTH
    ]
    return problems


def _listed(patterns: Sequence[str]) -> list[str] | None:
    return list(patterns) or None
