"""Tags of a service's resources: their store, their operations and their permissions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.framework.platform import Context, Platform, Scope

Request = Mapping[str, Any]
Response = dict[str, Any]
Given = Iterable[Mapping[str, str]] | Mapping[str, str] | None
"""Tags as a request has them: a list of key and value, or a map."""


@dataclass(frozen=True, kw_only=True)
class TagShape:
    """The members with which a service's API spells tags.

    Args:
        arn: the member that names a resource.
        tags: the member that holds tags.
        tag_keys: the member that holds keys to remove.
        key: the member of a tag that holds its key.
        value: the member of a tag that holds its value.
        as_map: True if tags are a map instead of a list.
        echo: True if TagResource responds with the tags of the resource.
    """

    arn: str = "ResourceArn"
    tags: str = "Tags"
    tag_keys: str = "TagKeys"
    key: str = "Key"
    value: str = "Value"
    as_map: bool = False
    echo: bool = False

    def parse(self, given: Given) -> dict[str, str]:
        """Returns tags of a request as a map."""
        if not given:
            return {}
        if isinstance(given, Mapping):
            return dict(given)
        return {tag.get(self.key, ""): tag.get(self.value, "") for tag in given}

    def write(self, tags: Mapping[str, str]) -> Any:
        """Returns tags as a response has them, sorted by key."""
        if self.as_map:
            return dict(tags)
        return [{self.key: key, self.value: value} for key, value in sorted(tags.items())]

    def condition_keys(self, request: Request) -> dict[str, Any]:
        """Returns aws:RequestTag/KEY and aws:TagKeys of a request that sets or removes tags."""
        tags = self.parse(request.get(self.tags))
        keys = [*tags, *(request.get(self.tag_keys) or ())]
        return {**tagging_keys(tags), "aws:TagKeys": keys} if keys else {}


def tagging_keys(tags: Mapping[str, str]) -> dict[str, Any]:
    """Returns the condition keys of a request that sets tags: aws:RequestTag/KEY, aws:TagKeys."""
    if not tags:
        return {}
    requested = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    return {"aws:TagKeys": list(tags), **requested}


class Tags:
    """The tags of a service's resources, by ARN.

    Args:
        platform: the AWS around the service.
        action: the action that tagging at creation requires, such as `scheduler:TagResource`.
        shape: the members with which the API spells tags.
    """

    KEPT = ("_tags",)

    def __init__(self, platform: Platform, action: str, shape: TagShape | None = None) -> None:
        self.shape = shape or TagShape()
        self._platform = platform
        self._action = action
        self._lock = threading.Lock()
        self._tags: dict[str, dict[str, str]] = {}

    def of(self, arn: str) -> dict[str, str]:
        """Returns a copy of a resource's tags."""
        with self._lock:
            return dict(self._tags.get(arn, {}))

    def everywhere(self) -> dict[str, dict[str, str]]:
        """Returns a copy of the tags of every resource that has some, by ARN."""
        with self._lock:
            return {arn: dict(tags) for arn, tags in self._tags.items() if tags}

    def knows(self, arn: str) -> bool:
        """Returns True if a resource was put, even without tags, and not dropped since."""
        with self._lock:
            return arn in self._tags

    def shown(self, arn: str) -> Any:
        """Returns a resource's tags as a response has them."""
        return self.shape.write(self.of(arn))

    def authorize(
        self,
        context: Context,
        arn: str,
        given: Given,
        keys: Mapping[str, Any] | None = None,
    ) -> None:
        """Checks that the caller may tag a resource that it is about to create.

        AWS evaluates the tagging action separately, with the tags as condition keys.

        Args:
            context: the caller.
            arn: the resource.
            given: the tags of the request; without tags, no permission is needed.
            keys: further condition keys of the service. Defaults to none.

        Raises:
            AwsError: AccessDeniedException, if IAM denies it.
        """
        tags = self.shape.parse(given)
        if tags:
            asked = {**(keys or {}), **tagging_keys(tags)}
            self._platform.authorize(context.caller_arn, self._action, arn, context.scope, asked)

    def put(self, arn: str, given: Given) -> None:
        """Replaces the tags of a resource, without a check."""
        with self._lock:
            self._tags[arn] = self.shape.parse(given)

    def add(self, arn: str, given: Given) -> None:
        """Adds tags to a resource, or changes their values."""
        with self._lock:
            self._tags.setdefault(arn, {}).update(self.shape.parse(given))

    def remove(self, arn: str, keys: Iterable[str]) -> None:
        """Removes tags of a resource."""
        with self._lock:
            for key in keys:
                self._tags.get(arn, {}).pop(key, None)

    def drop(self, arn: str) -> None:
        """Forgets a resource that was deleted."""
        with self._lock:
            self._tags.pop(arn, None)

    def rename(self, old: str, new: str) -> None:
        """Moves the tags of a resource whose name, and so its ARN, has changed."""
        with self._lock:
            self._tags[new] = self._tags.pop(old, {})


class TagOperations:
    """TagResource, UntagResource and ListTagsForResource of a service.

    Args:
        tags: the service's tags.
        require: raises the service's error if an ARN names no resource of a scope.
    """

    def __init__(self, tags: Tags, require: Callable[[str, Scope], object]) -> None:
        self._tags = tags
        self._require = require

    def tag_resource(self, request: Request, context: Context) -> Response:
        arn, shape = self._arn(request, context), self._tags.shape
        self._tags.add(arn, request[shape.tags])
        return {shape.tags: self._tags.shown(arn)} if shape.echo else {}

    def untag_resource(self, request: Request, context: Context) -> Response:
        self._tags.remove(self._arn(request, context), request[self._tags.shape.tag_keys])
        return {}

    def list_tags_for_resource(self, request: Request, context: Context) -> Response:
        return {self._tags.shape.tags: self._tags.shown(self._arn(request, context))}

    def _arn(self, request: Request, context: Context) -> str:
        arn = str(request[self._tags.shape.arn])
        self._require(arn, context.scope)
        return arn
