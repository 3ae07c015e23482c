"""The variables of the user that the server and its child processes keep.

Functions of Lambda run as child processes of the server. They must not see the tokens and settings
of the shell in which it was started, nor may these configure ministack.
"""

import re
from collections.abc import Mapping

_KEPT = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TERM|TMPDIR|XDG_\w+|LD_LIBRARY_PATH"
    r"|PYTHON\w+|VIRTUAL_ENV|COV_CORE_\w+|COVERAGE_\w+|NODE_OPTIONS"
    # The package registries of this machine, which builds use.
    r"|PIP_\w+|UV_\w+|NPM_CONFIG_\w+|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
    r"|NODE_EXTRA_CA_CERTS|GIT_SSL_CAINFO|(HTTPS?|NO|ALL|FTP)_PROXY|REHEARSAL_\w+",
    re.IGNORECASE,
)


def kept_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns the variables with which programs, languages and package registries are found."""
    return {name: value for name, value in environment.items() if _KEPT.fullmatch(name)}
