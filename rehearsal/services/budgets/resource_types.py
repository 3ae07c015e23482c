"""AWS::Budgets::Budget; `Ref` gives its name.

A change of its notifications replaces it (`createOnlyProperties` of the registry's schema).
"""

from __future__ import annotations

from typing import Any

from rehearsal.cloudformation.resource_requests import tag_map, to_api
from rehearsal.cloudformation.resource_types import Identifier, Properties, Request, ResourceType


def _to_request(properties: Request) -> Request:
    """Returns a request with a name, by default the generated one."""
    request = dict(properties)
    generated = request.pop("BudgetName")
    request["Budget"] = {"BudgetName": generated, **properties["Budget"]}
    request["Budget"].update(_period(properties["Budget"]))
    return request


def _period(budget: Properties) -> Request:
    """Times are seconds since 1970, as text or number."""
    given = budget.get("TimePeriod")
    return {"TimePeriod": {name: float(at) for name, at in given.items()}} if given else {}


def _name(identifier: Identifier) -> str:
    return str(identifier["Budget"]["BudgetName"])


def _by_name(identifier: Identifier) -> Request:
    return {"AccountId": identifier["AccountId"], "BudgetName": _name(identifier)}


def _update(client: Any, identifier: Identifier, before: Properties, after: Properties) -> None:
    if not before or before["Budget"] == after["Budget"]:  # it has just been made
        return
    budget = {**after["Budget"], "BudgetName": _name(identifier), **_period(after["Budget"])}
    shape = client.meta.service_model.operation_model("UpdateBudget").input_shape
    client.update_budget(
        AccountId=identifier["AccountId"],
        NewBudget=to_api(shape.members["NewBudget"], budget, "Budget."),
    )


def _retag(client: Any, identifier: Identifier, before: Any, after: Any) -> None:
    arn = f"arn:aws:budgets::{identifier['AccountId']}:budget/{_name(identifier)}"
    old, new = tag_map(before), tag_map(after)
    if gone := sorted(old.keys() - new.keys()):
        client.untag_resource(ResourceARN=arn, ResourceTagKeys=gone)
    if new:
        tags = [{"Key": key, "Value": value} for key, value in new.items()]
        client.tag_resource(ResourceARN=arn, ResourceTags=tags)


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::Budgets::Budget",
        service="budgets",
        create="CreateBudget",
        describe="DescribeBudget",
        delete="DeleteBudget",
        identifier=("AccountId", "Budget"),
        account_member="AccountId",
        ref=_name,
        name_property="BudgetName",
        to_request=_to_request,
        to_describe_request=_by_name,
        to_delete_request=_by_name,
        bring=_update,
        retag=_retag,
    )
]
