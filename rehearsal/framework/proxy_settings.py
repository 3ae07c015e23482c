"""The variables of HTTP proxies.

Programs have AWS's host names built in: the SageMaker SDK calls STS at `sts.REGION.amazonaws.com`
whatever AWS_ENDPOINT_URL is. A proxy for HTTPS, which all of them accept, leads these names to the
rehearsal.
"""

import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.framework.aws_hosts import aws_domains

_LOCAL = ("127.0.0.1", "localhost")
_PROXY, _EXCEPTIONS = "REHEARSAL_HTTPS_PROXY", "REHEARSAL_NO_PROXY"
"""The user's settings in a shell in which those of the rehearsal replace them."""


@dataclass(frozen=True)
class UserProxy:
    """The HTTPS proxy of the user; `url` is empty without a proxy.

    Args:
        url: URL of the proxy.
        exceptions: value of NO_PROXY.
    """

    url: str = ""
    exceptions: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "UserProxy":
        """Returns the proxy of an environment, in which the rehearsal's may have replaced it."""
        if _PROXY in environment:
            return cls(environment[_PROXY], environment.get(_EXCEPTIONS, ""))
        url = next(
            filter(None, (_value(environment, name) for name in ("https_proxy", "all_proxy"))), ""
        )
        return cls(url, _value(environment, "no_proxy"))

    def url_for(self, host: str) -> str:
        """Returns the URL of the proxy for a host; empty for a direct connection."""
        excepted = urllib.request.proxy_bypass_environment(host, {"no": self.exceptions})  # type: ignore[attr-defined]
        return "" if excepted else self.url

    def replaced_by(self, url: str) -> dict[str, str]:
        """Returns the variables by which a proxy of the rehearsal replaces that of the user.

        Exceptions for AWS's hosts do not apply, because they are no longer reached directly.
        """
        given = [one.strip() for one in self.exceptions.split(",") if one.strip()]
        kept = [one for one in given if one not in _LOCAL and not _covers_aws(one)]
        exceptions = ",".join([*_LOCAL, *kept])
        return {
            "HTTPS_PROXY": url,
            "https_proxy": url,  # Python and curl prefer it
            "NO_PROXY": exceptions,
            "no_proxy": exceptions,
            _PROXY: self.url,
            _EXCEPTIONS: self.exceptions,
        }


def in_containers(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns an environment with the user's proxies, which do not apply to AWS's hosts.

    A container has a name server for these hosts, and must not reach the proxy of the rehearsal,
    which connects to any address of this machine.
    """
    names = {_PROXY, _EXCEPTIONS, "https_proxy", "no_proxy"}
    kept = {
        name: value
        for name, value in environment.items()
        if name not in names and name.lower() not in names
    }
    user = UserProxy.of(environment)
    if not user.url and not _value(environment, "http_proxy"):
        return kept
    given = [one for one in user.exceptions.split(",") if one]
    exceptions = ",".join([*given, *_LOCAL, *(f".{domain}" for domain in aws_domains())])
    proxies = {"HTTPS_PROXY": user.url, "https_proxy": user.url} if user.url else {}
    return {**kept, **proxies, "NO_PROXY": exceptions, "no_proxy": exceptions}


def _value(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper(), "")


def _covers_aws(exception: str) -> bool:
    """Returns True for `*`, for a domain of AWS and for a name or parent of such a domain."""
    name = exception.lower().lstrip("*").strip(".").partition(":")[0]
    return not name or any(
        f".{name}".endswith(f".{domain}") or domain.endswith(f".{name}") for domain in aws_domains()
    )
