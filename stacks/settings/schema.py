"""JSON schema of the settings files, for validation and completion in editors."""

import json

from stacks.settings.organisation import Settings
from stacks.wheels import ROOT

SCHEMA = ROOT / "config" / "settings.schema.json"
"""The committed schema; settings files refer to it in their first line."""


def settings_schema() -> str:
    """Returns the schema of the current settings, in the form of the committed file."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Settings.model_json_schema(),
    }
    return json.dumps(schema, indent=2) + "\n"
