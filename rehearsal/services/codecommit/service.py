"""AWS CodeCommit: git repositories with IAM permissions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import Platform, Scope
from rehearsal.framework.service import RawHandler, Request, Service
from rehearsal.framework.tags import TagOperations, TagShape
from rehearsal.services.codecommit.commits import CommitOperations
from rehearsal.services.codecommit.events import ReferenceEvents
from rehearsal.services.codecommit.git_endpoint import ROUTE, GitEndpoint
from rehearsal.services.codecommit.history import HistoryOperations
from rehearsal.services.codecommit.pull_requests import PullRequestOperations
from rehearsal.services.codecommit.records import RepositoryStore
from rehearsal.services.codecommit.references import REFERENCES, reference_keys
from rehearsal.services.codecommit.repositories import RepositoryOperations
from rehearsal.services.codecommit.request_rules import CODECOMMIT
from rehearsal.services.codecommit.resource_types import RESOURCE_TYPES as RESOURCE_TYPES


class CodeCommit(Service):
    """Repositories, branches, commits, pull requests and git over HTTPS.

    Comments, approval rules, triggers and most merges are not supported.
    """

    name = "codecommit"
    namespace = "codecommit"
    rules = CODECOMMIT
    tag_shape = TagShape(arn="resourceArn", tags="tags", tag_keys="tagKeys", as_map=True)

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        repositories = RepositoryStore(platform.state_directory, self.lock)
        events = ReferenceEvents(platform, self.lock)
        url = platform.endpoint_url
        self._pull_requests = PullRequestOperations(platform, self.lock, repositories, events)
        self._endpoint = GitEndpoint(platform, repositories.in_account, events.changed)
        self.compose(
            RepositoryOperations(self.lock, self.tags, repositories, events, url),
            CommitOperations(repositories, events),
            HistoryOperations(repositories),
            self._pull_requests,
            TagOperations(self.tags, repositories.by_arn),
        )

    def raw_routes(self) -> Sequence[tuple[re.Pattern[str], RawHandler]]:
        return [(ROUTE, self._endpoint.handle)]

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """Returns the ARNs of an operation.

        Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodecommit.html
        """
        if "resourceArn" in request:
            return [request["resourceArn"]]
        if operation == "BatchGetRepositories":
            return [scope.arn("codecommit", name) for name in request["repositoryNames"]]
        if operation == "UpdateRepositoryName":
            return [scope.arn("codecommit", request["oldName"])]
        if "targets" in request:
            names = (target["repositoryName"] for target in request["targets"])
            return [scope.arn("codecommit", name) for name in names]
        if "pullRequestId" in request:
            return [self._pull_requests.pull_request_arn(request["pullRequestId"])]
        if "repositoryName" in request:
            return [scope.arn("codecommit", request["repositoryName"])]
        return ["*"]

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
        if operation.startswith("MergePullRequest"):
            target = self._pull_requests.merged_into(request.get("pullRequestId", ""))
            return {REFERENCES: target} if target else {}
        return reference_keys(operation, request)
