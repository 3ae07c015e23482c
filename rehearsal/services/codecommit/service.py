"""AWS CodeCommit: git repositories with IAM at the door."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError, Platform, Scope
from rehearsal.framework.service import RawHandler, Request
from rehearsal.services.codecommit.git_endpoint import ROUTE, GitEndpoint
from rehearsal.services.codecommit.pull_requests import PullRequestOperations
from rehearsal.services.codecommit.references import REFERENCES, reference_keys
from rehearsal.services.codecommit.resource_types import RESOURCE_TYPES as RESOURCE_TYPES


class CodeCommit(PullRequestOperations):
    """Repositories, branches, commits, pull requests and git over HTTPS.

    Comments, approval rules, triggers and most merges are not implemented: the gateway refuses such
    operations by name.
    """

    name = "codecommit"
    namespace = "codecommit"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._endpoint = GitEndpoint(platform, self.repositories.named, self.changed)

    def raw_routes(self) -> Sequence[tuple[re.Pattern[str], RawHandler]]:
        return [(ROUTE, self._endpoint.handle)]

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        """https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodecommit.html"""
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
            return [self.pull_request_arn(request["pullRequestId"])]
        if "repositoryName" in request:
            return [scope.arn("codecommit", request["repositoryName"])]
        return ["*"]

    def condition_keys(self, operation: str, request: Request, scope: Scope) -> Mapping[str, Any]:
        if operation.startswith("MergePullRequest"):
            target = self.merged_into(request.get("pullRequestId", ""))
            return {REFERENCES: target} if target else {}
        return reference_keys(operation, request)

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        with self.lock:
            try:
                return dict(self.repositories.by_arn(arn).tags)
            except AwsError:
                return {}
