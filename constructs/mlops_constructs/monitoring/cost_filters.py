"""Filters of the costs that a budget counts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_constructs._problems import is_known

_PROJECT_TAG = "sagemaker:project-name"
_TAG_KEY = re.compile(r"[\w\s.:/=+\-@]{1,128}")


@dataclass(frozen=True, kw_only=True)
class CostFilters:
    """The costs of an account that a budget counts; use its static factories.

    A tag filters costs only once it is activated as a cost allocation tag, in Billing and Cost
    Management of the account that pays (the management account of an organization). Costs from
    before the activation do not carry the tag, and AWS takes up to a day to detect a new tag. Until
    then a budget that filters by tags shows 0.

    Source: "Activating user-defined cost allocation tags" of AWS Billing's user guide.
    """

    tags: Mapping[str, str]
    services: Sequence[str]

    @staticmethod
    def of_project(project_name: str, *, services: Sequence[str] = ()) -> "CostFilters":
        """Returns the filters for a project: the tag `sagemaker:project-name` on all its resources.

        Args:
            project_name: value of the tag, 1 to 256 characters.
            services: names of services in Cost Explorer. Defaults to all services.

        Example:
            ```python
            CostFilters.of_project("churn")
            ```
        """
        return CostFilters.of_tag(_PROJECT_TAG, project_name, services=services)

    @staticmethod
    def of_tag(key: str, value: str, *, services: Sequence[str] = ()) -> "CostFilters":
        """Returns the filters for a user-defined tag.

        Args:
            key: key of the tag, 1 to 128 characters; AWS generated tags (`aws:...`) are not
                supported.
            value: value of the tag, 1 to 256 characters.
            services: names of services in Cost Explorer. Defaults to all services.

        Example:
            ```python
            CostFilters.of_tag("cost-center", "4711", services=["Amazon SageMaker"])
            ```
        """
        return CostFilters(tags={key: value}, services=services)

    @staticmethod
    def of_services(*services: str) -> "CostFilters":
        """Returns the filters for all costs of services in the account; they need no tag.

        Args:
            *services: names of services in Cost Explorer, such as "Amazon SageMaker". AWS accepts
                any name; a wrong one counts nothing.

        Example:
            ```python
            CostFilters.of_services("Amazon SageMaker", "AmazonCloudWatch")
            ```
        """
        return CostFilters(tags={}, services=services)

    def render(self) -> dict[str, list[str]]:
        """Returns the CostFilters of the budget; a user-defined tag is `user:KEY$VALUE`."""
        filters = {
            "TagKeyValue": [f"user:{key}${value}" for key, value in self.tags.items()],
            "Service": list(self.services),
        }
        return {name: values for name, values in filters.items() if values}

    def problems(self) -> list[str]:
        """Validates the filters; returns one message per problem."""
        found = []
        for key, value in self.tags.items():
            if is_known(key) and (key.startswith("aws:") or not _TAG_KEY.fullmatch(key)):
                found.append(
                    f"cost_filters: got the tag key {key!r}; allowed are 1 to 128 letters, digits, "
                    "spaces and _ . : / = + - @, not beginning with 'aws:'"
                )
            if is_known(value) and not 1 <= len(value) <= 256:
                found.append(
                    f"cost_filters: got {len(value)} characters as value of {key}; allowed are 1 "
                    "to 256"
                )
        if not self.render():
            found.append("cost_filters: got no tag and no service; give at least one of them")
        return found
