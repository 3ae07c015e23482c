"""Monthly budgets of accounts, tags or services."""

from typing import Annotated

from pydantic import AfterValidator, model_validator

from stacks.settings.checked_text import matching
from stacks.settings.defaults import TagKey, TagValue
from stacks.settings.model import InAccount, SettingsModel, unique
from stacks.settings.names import Amount, Emails, Percent, SageMakerName

ServiceName = Annotated[
    str,
    matching(r"[A-Za-z0-9(][A-Za-z0-9 &()/.-]{0,99}", "a service as on the bill: Amazon SageMaker"),
]


class ThresholdSettings(SettingsModel):
    """Percentages of a limit at which AWS notifies, 1 to 5 of both kinds together."""

    actual: Annotated[list[Percent], AfterValidator(unique)] = [80, 100]
    """Percentages of the actual costs. Defaults to 80 and 100."""
    forecasted: Annotated[list[Percent], AfterValidator(unique)] = [100]
    """Percentages of the forecasted costs. Defaults to 100."""

    @model_validator(mode="after")
    def _has_a_few(self) -> "ThresholdSettings":
        if not 1 <= len(self.actual) + len(self.forecasted) <= 5:
            raise ValueError("1 to 5 thresholds of both kinds together")
        return self


class TagFilterSettings(SettingsModel):
    """Costs of the resources with a tag, which must be a cost allocation tag."""

    key: TagKey
    value: TagValue


class BudgetSettings(InAccount):
    """A monthly budget; it notifies, and does not stop spending."""

    name: SageMakerName
    monthly: Amount
    """Limit in US dollars."""
    notify: Emails = []
    """Email addresses that AWS notifies. Defaults to none."""
    tag: TagFilterSettings | None = None
    """Tag of the costs. Defaults to all costs of `services`."""
    services: Annotated[list[ServiceName], AfterValidator(unique)] = []
    """Services of the costs. Defaults to all services with the tag."""
    thresholds: ThresholdSettings = ThresholdSettings()
    """Percentages of the limit at which AWS notifies. Defaults to 80 and 100 %."""

    @model_validator(mode="after")
    def _has_a_filter(self) -> "BudgetSettings":
        if self.tag is None and not self.services:
            raise ValueError("tag, services or both")
        return self
