"""The variables of the user that the server keeps."""

import pytest

from rehearsal.server.user_environment import kept_variables


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "PYTHONPATH"),
        *("PIP_INDEX_URL", "UV_CACHE_DIR", "npm_config_registry", "https_proxy", "NO_PROXY"),
        *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "REHEARSAL_HTTPS_PROXY"),
    ],
)
def test_what_finds_programs_and_registries_is_kept(name: str) -> None:
    assert kept_variables({name: "value"}) == {name: "value"}


@pytest.mark.parametrize(
    "name",
    [
        *("GITHUB_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "SSH_AUTH_SOCK", "DATABASE_URL"),
        # Variables of ministack.
        *("PERSIST_STATE", "SERVICES", "LAMBDA_STRICT", "LOCALSTACK_HOSTNAME", "DOCKER_HOST"),
        *("MY_PATH", "HOMEBREW_GITHUB_API_TOKEN"),
    ],
)
def test_tokens_and_settings_of_other_programs_are_removed(name: str) -> None:
    assert kept_variables({name: "value"}) == {}
