"""The JSON schema of the settings files, with which editors complete and check them."""

from __future__ import annotations

import json

from stacks.library_wheel import ROOT
from stacks.settings import Settings

SCHEMA = ROOT / "config" / "settings.schema.json"
"""The committed schema; settings files name it in their first line."""


def settings_schema() -> str:
    """The schema of today's settings, as the committed file has it."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Settings.model_json_schema(),
    }
    return json.dumps(schema, indent=2) + "\n"
