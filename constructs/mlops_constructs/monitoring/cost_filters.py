"""Which spending of an account a budget counts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_constructs._problems import is_known

_PROJECT_TAG = "sagemaker:project-name"
_TAG_KEY = re.compile(r"[\w\s.:/=+\-@]{1,128}")


@dataclass(frozen=True, kw_only=True)
class CostFilters:
    """Which spending of an account a budget counts; made by its static factories.

    A tag counts only once somebody has activated it as a cost allocation tag, in Billing and Cost
    Management of the account that pays (the management account of an organisation); costs from
    before that day do not carry it, and it takes up to a day to be seen. Until then a budget by
    tags shows 0.
    Source: "Activating user-defined cost allocation tags" of AWS Billing's user guide.
    """

    tags: Mapping[str, str]
    services: Sequence[str]

    @staticmethod
    def of_project(project_name: str, *, services: Sequence[str] = ()) -> "CostFilters":
        """What carries the tag `sagemaker:project-name`, which a `Project` sets on all it makes.

        Args:
            project_name: the tag's value.
            services: only of these services. Left out: of all.

        Example:
            ```python
            CostFilters.of_project("churn")
            ```
        """
        return CostFilters.of_tag(_PROJECT_TAG, project_name, services=services)

    @staticmethod
    def of_tag(key: str, value: str, *, services: Sequence[str] = ()) -> "CostFilters":
        """What carries a tag of one's own.

        Args:
            key: of a tag that users set; not one of AWS's own (`aws:...`).
            value: of the tag.
            services: only of these services. Left out: of all.

        Example:
            ```python
            CostFilters.of_tag("cost-center", "4711", services=["Amazon SageMaker"])
            ```
        """
        return CostFilters(tags={key: value}, services=services)

    @staticmethod
    def of_services(*services: str) -> "CostFilters":
        """All that services cost in the account, whoever uses them; it needs no tag.

        Args:
            services: as Cost Explorer names them, such as "Amazon SageMaker". AWS takes any name; a
                wrong one counts nothing.

        Example:
            ```python
            CostFilters.of_services("Amazon SageMaker", "AmazonCloudWatch")
            ```
        """
        return CostFilters(tags={}, services=services)

    def render(self) -> dict[str, list[str]]:
        """The filters in AWS's words: a user's tag is `user:KEY$VALUE`."""
        filters = {
            "TagKeyValue": [f"user:{key}${value}" for key, value in self.tags.items()],
            "Service": list(self.services),
        }
        return {name: values for name, values in filters.items() if values}

    def problems(self) -> list[str]:
        """What would count nothing."""
        found = []
        for key, value in self.tags.items():
            if is_known(key) and (key.startswith("aws:") or not _TAG_KEY.fullmatch(key)):
                found.append(
                    f"cost_filters: got the tag key {key!r}; allowed are 1 to 128 letters, digits, "
                    "spaces and _ . : / = + - @, not beginning with 'aws:'"
                )
            if is_known(value) and not 1 <= len(value) <= 256:
                found.append(
                    f"cost_filters: got {len(value)} characters as value of {key}; 1 to 256"
                )
        if not self.render():
            found.append("cost_filters: got no tag and no service; name what the budget counts")
        return found
