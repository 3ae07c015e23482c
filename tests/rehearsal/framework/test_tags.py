"""Tags of a service's resources, with the Scheduler's and CodePipeline's spelling."""

from __future__ import annotations

import pytest

from rehearsal.framework.platform import AwsError, Scope
from rehearsal.framework.tags import TagOperations, Tags, TagShape
from tests.rehearsal.fakes import CALLER, SCOPE, FakePlatform

ARN = SCOPE.arn("scheduler", "schedule-group/nightly")


@pytest.fixture
def platform() -> FakePlatform:
    return FakePlatform()


@pytest.fixture
def tags(platform: FakePlatform) -> Tags:
    return Tags(platform, "scheduler:TagResource")


@pytest.fixture
def operations(tags: Tags) -> TagOperations:
    def require(arn: str, scope: Scope) -> None:
        if arn != ARN:
            raise AwsError("ResourceNotFoundException", f"{arn} does not exist", 404)

    return TagOperations(tags, require)


def test_tags_are_added_listed_and_removed(operations: TagOperations) -> None:
    both = [{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": "b"}]
    operations.tag_resource({"ResourceArn": ARN, "Tags": both}, CALLER)
    operations.untag_resource({"ResourceArn": ARN, "TagKeys": ["cost", "none"]}, CALLER)

    listed = operations.list_tags_for_resource({"ResourceArn": ARN}, CALLER)

    assert listed == {"Tags": [{"Key": "team", "Value": "a"}]}


@pytest.mark.parametrize("operation", ["tag_resource", "untag_resource", "list_tags_for_resource"])
def test_a_resource_that_does_not_exist_has_no_tags(
    operations: TagOperations, operation: str
) -> None:
    request = {"ResourceArn": "arn:aws:other", "Tags": [], "TagKeys": []}
    with pytest.raises(AwsError, match="does not exist"):
        getattr(operations, operation)(request, CALLER)


def test_tagging_at_creation_is_evaluated_with_the_tags_as_condition_keys(
    tags: Tags, platform: FakePlatform
) -> None:
    tags.authorize(CALLER, ARN, [{"Key": "team", "Value": "a"}], {"own:Key": "x"})

    assert platform.asked == [(CALLER.caller_arn, "scheduler:TagResource", ARN)]
    assert platform.keys_asked == [
        {"own:Key": "x", "aws:TagKeys": ["team"], "aws:RequestTag/team": "a"}
    ]


def test_a_creation_without_tags_needs_no_permission_to_tag(
    tags: Tags, platform: FakePlatform
) -> None:
    platform.denied.add(("scheduler:TagResource", ARN))

    tags.authorize(CALLER, ARN, [])

    assert not platform.asked


def test_tags_that_an_api_spells_as_a_map_stay_a_map(platform: FakePlatform) -> None:
    shape = TagShape(arn="resourceArn", tags="tags", tag_keys="tagKeys", as_map=True)
    tags = Tags(platform, "codecommit:TagResource", shape)
    operations = TagOperations(tags, lambda arn, scope: None)

    operations.tag_resource({"resourceArn": ARN, "tags": {"team": "a"}}, CALLER)

    listed = operations.list_tags_for_resource({"resourceArn": ARN}, CALLER)
    assert listed == {"tags": {"team": "a"}}


def test_the_tags_of_a_deleted_resource_are_gone(tags: Tags) -> None:
    tags.put(ARN, {"team": "a"})
    tags.drop(ARN)

    assert tags.of(ARN) == {}
