"""Policy validation plugin of the CDK for SageMaker's resources."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii

from ._endpoint_rules import ENDPOINT_RULES, minimum_instances_rule
from ._job_rules import JOB_RULES
from ._rule import Rule, Template
from ._store_rules import STORE_RULES

_RULES = (*STORE_RULES, *ENDPOINT_RULES, *JOB_RULES)


@jsii.implements(cdk.IPolicyValidationPlugin)
class SageMakerChecks:
    """A policy validation plugin for networks, keys and capacity of SageMaker's resources.

    It reads every template of the app after synthesis; a violation fails the synthesis and states
    the required change. Acknowledge a violation at its construct, by the qualified name of the
    rule.

    Args:
        production: stacks whose endpoints must survive the loss of an availability zone. Defaults
            to none: the number of instances is not checked.
        minimum_instances: minimum number of instances of a real-time endpoint in these stacks, 1 or
            more. Defaults to 2, which SageMaker places in two zones.

    Raises:
        ValueError: `minimum_instances` is below 1.

    Source: security best practices of SageMaker, "Infrastructure security" and "Protect data".

    Example:
        ```python
        cdk.Validations.of(app).add_plugins(SageMakerChecks(production=[stack]))
        cdk.Validations.of(resource).acknowledge(
            cdk.Acknowledgment(
                id="SageMakerChecks::ModelNetwork",
                reason="this model calls the API of a partner",
            )
        )
        ```
    """

    def __init__(self, *, production: Sequence[cdk.Stack] = (), minimum_instances: int = 2) -> None:
        if minimum_instances < 1:
            raise ValueError(
                f"SageMakerChecks: minimum_instances: got {minimum_instances}; allowed is 1 or "
                "more; remove `production` to check no number"
            )
        self._production = {stack.template_file for stack in production}
        self._minimum = minimum_instances_rule(minimum_instances)

    @property
    def name(self) -> str:
        """Name that qualifies the rules in acknowledgements."""
        return "SageMakerChecks"

    @property
    def version(self) -> str:
        """Version of the rules."""
        return "1"

    @property
    def rule_ids(self) -> list[str]:
        """Names of all rules."""
        return [rule.name for rule in (*_RULES, self._minimum)]

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Validates all templates of the app; called by the CDK.

        Args:
            context: the templates.
        """
        violations = [
            violation
            for path in context.template_paths
            for violation in self._violations(Path(path))
        ]
        return cdk.PolicyValidationPluginReport(success=not violations, violations=violations)

    def broken_rules(self, template: Template, template_file: str = "") -> list[Rule]:
        """Returns the rules that a template violates.

        Args:
            template: content of the template.
            template_file: name of its file, which determines whether it belongs to production.
                Defaults to an empty name: it does not.
        """
        rules = [*_RULES, *([self._minimum] if template_file in self._production else [])]
        return [rule for rule in rules if rule.findings(template)]

    def _violations(self, path: Path) -> list[cdk.PolicyViolation]:
        template = json.loads(path.read_text())
        return [
            cdk.PolicyViolation(
                rule_name=rule.name,
                description=rule.description,
                fix=rule.fix,
                severity="error",
                violating_resources=_locations(str(path), rule.findings(template)),
            )
            for rule in self.broken_rules(template, path.name)
        ]


def _locations(path: str, found: Sequence[tuple[str, str]]) -> list[Any]:
    """Returns resources with the property that is wrong or missing."""
    return [
        cdk.PolicyViolatingResource(
            resource_logical_id=logical_id, template_path=path, locations=[location]
        )
        for logical_id, location in found
    ]
