"""Findings of templates, kept between syntheses."""

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import aws_cdk as cdk
from pydantic import TypeAdapter, ValidationError

from stacks.wheels import ROOT

DIRECTORY = ROOT / "build" / "validation"
MAX_TEMPLATES = 1_000
"""Templates whose findings are kept, about 1 KB each."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A violation of a rule at one place of a template.

    Args:
        rule: name of the rule.
        description: what is wrong.
        severity: severity of the violation, such as `error`.
        fix: required change; None if the rule has none.
        metadata: metadata of the rule; None without.
        logical_id: logical id of the resource; None for the template as a whole.
        locations: properties of the resource.
    """

    rule: str
    description: str
    severity: str | None
    fix: str | None
    metadata: dict[str, str] | None
    logical_id: str | None
    locations: tuple[str, ...]


_FINDINGS = TypeAdapter(list[Finding])


class KnownFindings:
    """The findings of templates that were validated before, in files named by content.

    A name is the hash of everything that findings depend on: the template, its account and region,
    and the version of the CDK, whose release contains the schemas and the rules.

    Args:
        directory: directory of the files. Defaults to `build/validation` of this repository.
    """

    def __init__(self, directory: Path = DIRECTORY) -> None:
        self._directory = directory
        self._version = version("aws-cdk-lib")

    def read(self, stack: cdk.PolicyValidationStack) -> list[Finding] | None:
        """Returns the findings of a template; None if they are not known.

        Args:
            stack: the stack of the template.
        """
        try:
            return _FINDINGS.validate_json(self._file(stack).read_bytes())
        except (FileNotFoundError, ValidationError):  # a file of an earlier release of this class
            return None

    def write(self, stack: cdk.PolicyValidationStack, findings: Sequence[Finding]) -> None:
        """Keeps the findings of a template, and removes the oldest file of too many.

        Args:
            stack: the stack of the template.
            findings: all findings of the template.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        # Syntheses run side by side: a file appears with its complete content.
        number, written = tempfile.mkstemp(dir=self._directory)
        with os.fdopen(number, "wb") as file:
            file.write(_FINDINGS.dump_json(list(findings)))
        Path(written).replace(self._file(stack))
        files = sorted(self._directory.glob("*.json"), key=os.path.getmtime)
        for old in files[:-MAX_TEMPLATES]:
            old.unlink(missing_ok=True)

    def _file(self, stack: cdk.PolicyValidationStack) -> Path:
        place = json.dumps([self._version, stack.account_id, stack.region])
        content = Path(stack.template_path).read_bytes()
        return self._directory / f"{hashlib.sha256(place.encode() + content).hexdigest()}.json"
