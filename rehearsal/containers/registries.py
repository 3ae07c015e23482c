"""The settings by which builds reach the package registries of this machine.

Builds receive the settings of pip, uv and npm, the certificate authorities, the proxies, and local
folders of packages. They receive no credentials: user names and passwords are removed from URLs, as
are tokens, keys and netrc files. A build of AWS would not have them either.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from rehearsal.containers import outside_network
from rehearsal.containers.mounts import File, Mount, Mountable, hidden
from rehearsal.framework.proxy_settings import in_containers

_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_VARIABLE = re.compile(
    r"^(PIP_\w+|UV_\w+|NPM_CONFIG_\w+|(https?|no|all|ftp)_proxy)$", re.IGNORECASE
)
_SECRET = re.compile(
    r"TOKEN|PASSW|_PASS\b|USERNAME|CREDENTIAL|CLIENT_?CERT|KEYRING|PUBLISH|SECRET|_AUTH|"
    r"(?:^|_)KEY(?:FILE)?$|EMAIL|OTP",
    re.IGNORECASE,
)
# Folders of this machine for files that a build would write; its own are used.
_PLACE = re.compile(
    r"_(CACHE|CACHE_DIR|CONFIG_FILE|TARGET|PREFIX|ROOT|USER|SRC|LOG|LOG_FILE|USERCONFIG|GLOBALCONFIG"
    r"|INIT_MODULE|TMP|PROJECT_ENVIRONMENT|PYTHON_INSTALL_DIR|TOOL_DIR|TOOL_BIN_DIR|PYTHON_BIN_DIR"
    r"|WORKING_DIRECTORY|ENV_FILE|LOGS_DIR)$",
    re.IGNORECASE,
)
_SOURCES = re.compile(
    r"(find[-_]?links|index|constraint|override|cert|cafile|ca$|registry)", re.IGNORECASE
)
"""Names of settings whose value may be a local file or folder that builds read."""
_URL = re.compile(r"(?P<scheme>\w[\w+.-]*)://(?:(?P<user>[^/\s@\"']*)@)?(?P<rest>[^\s\"']*)")
_DEFAULT_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks5": 1080, "socks5h": 1080}
_PIP_FILES = ("/etc/pip.conf", "/etc/xdg/pip/pip.conf")
_UV_FILES = ("/etc/uv/uv.toml", "/etc/xdg/uv/uv.toml")
_NPM_FILES = ("/etc/npmrc",)


@dataclass(frozen=True)
class Outside:
    """The part of the network that a build reaches beside AWS.

    `ports` are those of any other machine; `allowed` are addresses and ports of this machine;
    `hosts` are lines of /etc/hosts.
    """

    ports: tuple[int, ...] = outside_network.PORTS
    allowed: tuple[tuple[str, int], ...] = ()
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Registries:
    """The variables, the mounts and the network of builds that install packages."""

    variables: dict[str, str]
    mounts: tuple[Mountable, ...]
    outside: Outside


@dataclass(frozen=True)
class _Configuration:
    """A configuration file: its path in the build and its text without credentials."""

    target: str
    text: str
    settings: tuple[tuple[str, str], ...]


def registries(
    environment: Mapping[str, str], home: Path, *, hosts: Path = Path("/etc/hosts")
) -> Registries:
    """Returns the settings of this machine's package registries.

    Args:
        environment: the environment variables of the rehearsal's user.
        home: the home folder of the user.
        hosts: the table of host names. Defaults to that of this machine.
    """
    variables = {
        name: without_credentials(value)
        for name, value in in_containers(environment).items()
        if name in _CERTIFICATES or (_VARIABLE.match(name) and not _is_secret_or_place(name))
    }
    files = list(_configurations(environment, home))
    settings = [*variables.items(), *(pair for file in files for pair in file.settings)]
    named = {path for name, value in settings for path in _paths(name, value)}
    # The pages of a local index, .../simple, usually point to files beside it.
    named = {path.parent if path.name == "simple" else path for path in named}
    readable = [path for path in named if path.exists() and not home.is_relative_to(path)]
    mounts: list[Mountable] = [File(file.target, file.text) for file in files]
    mounts += [Mount(path, str(path)) for path in hidden(readable)]
    return Registries(variables, tuple(mounts), _outside((v for _, v in settings), hosts))


def without_credentials(text: str) -> str:
    """Returns a text whose URLs have no user and no password."""
    return _URL.sub(lambda url: f"{url['scheme']}://{url['rest']}", text)


def _configurations(environment: Mapping[str, str], home: Path) -> Iterator[_Configuration]:
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    own_pip = environment.get("PIP_CONFIG_FILE") or ""
    pip: list[str | Path] = [*_PIP_FILES, home / ".pip/pip.conf", config / "pip/pip.conf", own_pip]
    yield from _joined(pip, "/etc/pip.conf", _pip)
    uv = [environment.get("UV_CONFIG_FILE") or config / "uv/uv.toml", *_UV_FILES]
    yield from _first(uv, "/etc/uv/uv.toml", _uv)
    npm = [*_NPM_FILES, environment.get("NPM_CONFIG_USERCONFIG") or home / ".npmrc"]
    yield from _joined(npm, "/root/.npmrc", _npm)


def _texts(files: Iterable[str | Path]) -> list[str]:
    return [
        Path(file).read_text(errors="replace") for file in files if file and Path(file).is_file()
    ]


def _joined(files: Iterable[str | Path], target: str, parse: Any) -> Iterator[_Configuration]:
    """Yields one file with the settings of all; later files override earlier ones."""
    settings: dict[tuple[str, str], str] = {}
    for text in _texts(files):
        settings |= parse(text)
    if not settings:
        return
    lines, last = [], ""
    for (section, name), value in sorted(settings.items()):
        if section != last:
            lines.append(f"[{section}]")
            last = section
        lines.append(f"{name} = {value}" if section else f"{name}={value}")
    pairs = tuple((name, value) for (_, name), value in settings.items())
    yield _Configuration(target, "\n".join(lines) + "\n", pairs)


def _pip(text: str) -> dict[tuple[str, str], str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}  # pip reports its error on this machine
    return {
        (section, name): without_credentials(value).replace("\n", "\n    ")
        for section in parser.sections()
        for name, value in parser.items(section)
        if not _is_secret_or_place(name)
    }


def _npm(text: str) -> dict[tuple[str, str], str]:
    found = {}
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        name = name.strip()
        # Names that begin with // have the credentials of a registry.
        if equals and not name.startswith(("#", ";", "//")) and not _is_secret_or_place(name):
            found["", name] = without_credentials(value.strip())
    return found


def _first(files: Iterable[str | Path], target: str, parse: Any) -> Iterator[_Configuration]:
    """Yields the first file that exists."""
    for text in _texts(files)[:1]:
        yield from parse(text, target)


def _uv(text: str, target: str) -> Iterator[_Configuration]:
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return  # uv reports its error on this machine
    clean = without_credentials(text)
    kept = [line.partition("=") for line in clean.splitlines()]
    lines = ["".join(parts) for parts in kept if not parts[1] or not _is_secret_or_place(parts[0])]
    yield _Configuration(target, "\n".join(lines) + "\n", tuple(_leaves("", settings)))


def _is_secret_or_place(name: str) -> bool:
    """Returns True for a setting of a file, such as `client-cert`, that builds do not receive."""
    variable = f"_{name.strip().replace('-', '_')}"
    return bool(_SECRET.search(variable) or _PLACE.search(variable))


def _leaves(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            # The index of a table [[index]] has its URL as `url`.
            yield from _leaves(f"{name}.{key}" if name else key, item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(name, item)
    elif isinstance(value, str):
        yield name, without_credentials(value)


def _paths(name: str, value: str) -> Iterator[Path]:
    """Yields the absolute paths and file URLs of a setting, which may contain blanks."""
    if name not in _CERTIFICATES and not _SOURCES.search(name):
        return
    candidates = [value.strip(), *value.split()]
    for candidate in candidates:
        text = candidate.strip("'\"")
        if text.startswith("file://"):
            text = unquote(text.removeprefix("file://"))
        if text.startswith("/") and "\0" not in text:
            yield Path(text)


def _outside(values: Iterable[str], hosts: Path) -> Outside:
    table = _host_table(hosts)
    ports, allowed, lines = set(outside_network.PORTS), set(), set()
    for value in values:
        for url in _URL.finditer(value):
            authority = re.split(r"[/?#]", url["rest"])[0]
            host, _, given = authority.partition(":")
            port = int(given) if given.isdigit() else _DEFAULT_PORTS.get(url["scheme"].lower(), 0)
            if not host or not 0 < port < 65_536:
                continue
            address = table.get(host.lower(), host)
            if host.lower() in table and host.lower() != "localhost":
                lines.add(f"{address} {host}")
            if not _is_ipv4(address):
                ports.add(port)
            elif outside_network.is_of_host(address):
                allowed.add((address, port))
            else:
                ports.add(port)
    return Outside(tuple(sorted(ports)), tuple(sorted(allowed)), tuple(sorted(lines)))


def _host_table(hosts: Path) -> dict[str, str]:
    """Returns the IPv4 addresses of a table of host names."""
    found = {"localhost": "127.0.0.1"}
    for line in hosts.read_text(errors="replace").splitlines() if hosts.is_file() else []:
        address, *names = line.partition("#")[0].split() or [""]
        if _is_ipv4(address):
            found |= {name.lower(): address for name in names if name.lower() not in found}
    return found


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) < 256 for part in parts)
