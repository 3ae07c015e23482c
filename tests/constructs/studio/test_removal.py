"""Removal of domains, profiles and spaces from their stack."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms

from mlops_constructs.studio import Domain, DomainBase, DomainNetwork, Space, StudioApp, UserProfile

from .conftest import Resources, new_stack, only, resources_of, statements, vpc_of

CLEANUP = "Custom::StudioCleanup"
TAG = {"Key": "mlops-constructs:removed-with-stack", "Value": "true"}
DESTROY = cdk.RemovalPolicy.DESTROY


@pytest.fixture(scope="module")
def throw_away() -> cdk.Stack:
    """A domain with a person and a space that all go with their stack."""
    stack = new_stack()
    domain = Domain(
        stack, "Studio", network=DomainNetwork.vpc_only(vpc_of(stack)), removal_policy=DESTROY
    )
    ada = UserProfile(stack, "Ada", domain=domain, user_profile_name="ada")
    Space(stack, "Churn", owner=ada, app=StudioApp.JUPYTER_LAB, space_name="churn")
    return stack


def test_complaint_8_applications_are_ended_before_what_they_run_in_is_deleted(
    throw_away: cdk.Stack,
) -> None:
    """A resource is deleted before those that it depends on."""
    cleanups = resources_of(throw_away, CLEANUP)
    domain, profile, space = (
        next(iter(resources_of(throw_away, kind))) for kind in ("Domain", "UserProfile", "Space")
    )
    of_space, of_profile, of_domain = (
        next(
            logical_id
            for logical_id, resource in cleanups.items()
            if resource["Properties"]["ResourceArn"] == {"Fn::GetAtt": [subject, attribute]}
        )
        for subject, attribute in (
            (space, "SpaceArn"),
            (profile, "UserProfileArn"),
            (domain, "DomainArn"),
        )
    )

    assert cleanups[of_space]["Properties"]["SpaceName"] == "churn"
    assert cleanups[of_profile]["Properties"]["UserProfileName"] == "ada"
    assert set(only(resources_of(throw_away, "Space"))["DependsOn"]) == {
        profile,
        of_profile,
        of_domain,
    }
    assert only(resources_of(throw_away, "UserProfile"))["DependsOn"] == [of_domain]
    policies = {
        logical_id for logical_id in cleanups[of_domain]["DependsOn"] if "Role" in logical_id
    }
    assert len(policies) == 2  # the function still has its rights when it is called
    file_system = {"Fn::GetAtt": [domain, "HomeEfsFileSystemId"]}
    assert cleanups[of_domain]["Properties"]["FileSystemId"] == file_system


def test_only_what_says_so_may_be_removed(throw_away: cdk.Stack) -> None:
    for kind in ("Domain", "UserProfile", "Space"):
        assert TAG in only(resources_of(throw_away, kind))["Properties"]["Tags"]
    deletion = next(
        statement
        for statement in statements(resources_of(throw_away, "AWS::IAM::ManagedPolicy"))
        if statement["Action"] == "sagemaker:DeleteDomain"
    )
    condition = {"aws:ResourceTag/mlops-constructs:removed-with-stack": "true"}
    assert deletion["Condition"] == {"StringEquals": condition}


def test_the_function_has_rights_on_its_domain_only(throw_away: cdk.Stack) -> None:
    domain = next(iter(resources_of(throw_away, "Domain")))
    policies = {
        name: policy
        for name, policy in resources_of(throw_away, "AWS::IAM::ManagedPolicy").items()
        if "Cleanup" in name
    }
    for statement in statements(policies):
        given = statement["Action"]
        actions = [given] if isinstance(given, str) else given
        if statement["Resource"] == "*":
            assert all(":List" in action or ":Describe" in action for action in actions)
        elif actions[0].startswith("ec2:"):
            tagged = {"Fn::GetAtt": [domain, "DomainArn"]}
            condition = {"aws:ResourceTag/ManagedByAmazonSageMakerResource": tagged}
            assert statement["Condition"] == {"StringEquals": condition}
        elif not actions[0].startswith("logs:"):
            asked = statement["Resource"]
            for resource in asked if isinstance(asked, list) else [asked]:
                assert f'"Fn::GetAtt": ["{domain}", ' in json.dumps(resource)


def test_one_function_serves_all_and_its_log_is_encrypted(throw_away: cdk.Stack) -> None:
    function = only(resources_of(throw_away, "AWS::Lambda::Function"))["Properties"]
    log = only(resources_of(throw_away, "AWS::Logs::LogGroup"))["Properties"]

    assert function["Handler"] == "studio_cleanup.handler"
    assert function["Timeout"] == 900
    assert "KmsKeyId" in log
    policy = only(resources_of(throw_away, "AWS::KMS::Key"))["Properties"]["KeyPolicy"]
    assert "logs.eu-west-1.amazonaws.com" in str(policy)


def test_a_domain_that_goes_takes_its_key_and_groups_along(throw_away: cdk.Stack) -> None:
    template = cdk.assertions.Template.from_stack(throw_away).to_json()["Resources"]

    assert {resource.get("DeletionPolicy", "Delete") for resource in template.values()} == {
        "Delete"
    }


def test_a_person_of_an_imported_domain_can_go_with_the_stack(
    stack: cdk.Stack, imported: DomainBase, resources: Resources
) -> None:
    for name in ("ada", "grace"):
        UserProfile(stack, name, domain=imported, user_profile_name=name, removal_policy=DESTROY)

    assert len(resources("AWS::Lambda::Function")) == 1
    assert {one["Properties"]["UserProfileName"] for one in resources(CLEANUP).values()} == {
        "ada",
        "grace",
    }
    allowed = str(statements(resources("AWS::IAM::ManagedPolicy")))
    assert "sagemaker:DeleteSpace" in allowed
    assert "sagemaker:DeleteDomain" not in allowed
    assert "sagemaker:DeleteUserProfile" not in allowed


def test_a_person_of_another_stack_s_domain_has_a_function_there(stack: cdk.Stack) -> None:
    domain = Domain(
        stack, "Studio", network=DomainNetwork.vpc_only(vpc_of(stack)), removal_policy=DESTROY
    )
    people = cdk.Stack(stack.node.root, "People", env=_place(stack))  # type: ignore[arg-type]

    UserProfile(people, "Ada", domain=domain, user_profile_name="ada")

    assert len(resources_of(people, "AWS::Lambda::Function")) == 1
    assert "Fn::ImportValue" in str(only(resources_of(people, CLEANUP))["Properties"])
    assert len(resources_of(stack, CLEANUP)) == 1


def test_a_person_can_stay_when_the_domain_goes_and_the_other_way_round(
    stack: cdk.Stack, network: DomainNetwork, resources: Resources
) -> None:
    domain = Domain(stack, "Studio", network=network, encryption_key=kms.Key(stack, "Key"))

    UserProfile(stack, "Ada", domain=domain, user_profile_name="ada", removal_policy=DESTROY)
    UserProfile(stack, "Grace", domain=domain, user_profile_name="grace")

    policies = {
        profile["Properties"]["UserProfileName"]: profile["DeletionPolicy"]
        for profile in resources("UserProfile").values()
    }
    assert policies == {"ada": "Delete", "grace": "RetainExceptOnCreate"}
    assert len(resources(CLEANUP)) == 1
    assert TAG not in only(resources("Domain"))["Properties"].get("Tags", [])


def _place(stack: cdk.Stack) -> Any:
    return cdk.Environment(account=stack.account, region=stack.region)
