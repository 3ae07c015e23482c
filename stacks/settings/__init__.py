"""Settings of an organisation: one YAML file, validated before synthesis."""

from stacks.settings.accounts import Account
from stacks.settings.loading import DEFAULT_SETTINGS, SettingsError, load_settings
from stacks.settings.organisation import Settings

__all__ = ["DEFAULT_SETTINGS", "Account", "Settings", "SettingsError", "load_settings"]
