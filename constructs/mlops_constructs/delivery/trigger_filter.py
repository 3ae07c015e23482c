"""Which pushes and pull requests of a git repository start a pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from aws_cdk import aws_codepipeline as codepipeline

from mlops_constructs._problems import Problems, is_known

MOST_PATTERNS = 8
MOST_FILTERS = 3
_LONGEST_PATTERN = 255


class PullRequestEvent(Enum):
    """What happens to a pull request."""

    OPENED = codepipeline.GitPullRequestEvent.OPEN
    UPDATED = codepipeline.GitPullRequestEvent.UPDATED
    CLOSED = codepipeline.GitPullRequestEvent.CLOSED


class _Kind(Enum):
    BRANCHES = "branches"
    TAGS = "tags"
    PULL_REQUESTS = "pull requests"


@dataclass(frozen=True, kw_only=True)
class TriggerFilter:
    """Defines one kind of push, or of pull request, that starts a pipeline.

    Patterns are globs: `*` stands for anything but a slash, `**` for anything. An event passes
    when it matches one of the included patterns (or there are none) and none of the excluded ones;
    of the files that it changes, one has to pass. A source may have several filters: an event
    that passes one of them starts the pipeline.

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
        """Pushes to branches.

        Args:
            includes: patterns of branches. Default: every branch that is not excluded.
            excludes: patterns of branches that do not count. Default: none.
            paths: patterns of changed files. Default: any file.
            excluded_paths: patterns of files whose changes do not count. Default: none.

        Raises ValueError without any branch pattern (CodePipeline takes paths only with branches),
        for more than 8 patterns of a kind, and for a pattern of more than 255 characters.
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
        """Pushes of git tags; CodePipeline knows no file paths here.

        Args:
            includes: patterns of tags. Default: every tag that is not excluded.
            excludes: patterns of tags that do not count. Default: none.

        Raises ValueError as `branches` does.
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
        """Pull requests; the pipeline gets the commit of the branch that is to be merged.

        Args:
            target_branches: patterns of branches into which is to be merged.
            excludes: patterns of target branches that do not count. Default: none.
            paths: patterns of changed files. Default: any file.
            excluded_paths: patterns of files whose changes do not count. Default: none.
            events: what has to happen. Default: the request is opened, or its branch is updated.

        Raises ValueError without an event, and as `branches` does.
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
        problems = Problems(f"the filter of {self.kind.value}")
        if not self.includes and not self.excludes:
            problems.add(
                f"no pattern of {self.kind.value} is given; CodePipeline needs one that includes "
                "or excludes, and '**' includes all"
            )
        for name, patterns in self._patterns().items():
            problems.extend(_pattern_problems(name, patterns))
        if self.of_pull_requests and not self.events:
            problems.add("events is empty; allowed are OPENED, UPDATED and CLOSED, at least one")
        problems.raise_if_any()

    @property
    def of_pull_requests(self) -> bool:
        """Whether it is about pull requests, and not about pushes."""
        return self.kind is _Kind.PULL_REQUESTS

    @property
    def of_tags(self) -> bool:
        """Whether it is about tags."""
        return self.kind is _Kind.TAGS

    def push_filter(self) -> codepipeline.GitPushFilter:
        """The filter of a push as CodePipeline takes it."""
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
        """The filter of a pull request as CodePipeline takes it."""
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
    """What is wrong with the filters of one source taken together."""
    pull_requests = sum(one.of_pull_requests for one in filters)
    return [
        f"{count} filters of {kind} are given; CodePipeline takes at most {MOST_FILTERS}: join "
        "patterns into one filter"
        for kind, count in (
            ("pushes", len(filters) - pull_requests),
            ("pull requests", pull_requests),
        )
        if count > MOST_FILTERS
    ]


def _pattern_problems(name: str, patterns: Sequence[str]) -> list[str]:
    problems = []
    if len(patterns) > MOST_PATTERNS:
        problems.append(
            f"{name} has {len(patterns)} patterns; CodePipeline takes at most {MOST_PATTERNS}"
        )
    problems += [
        f"{name}: {pattern!r} has {len(pattern)} characters; allowed are 1 to {_LONGEST_PATTERN}"
        for pattern in patterns
        if is_known(pattern) and not 1 <= len(pattern) <= _LONGEST_PATTERN
    ]
    return problems


def _listed(patterns: Sequence[str]) -> list[str] | None:
    return list(patterns) or None
