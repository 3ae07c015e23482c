"""Settings of package registries: what builds receive, without credentials."""

from pathlib import Path

import pytest

from rehearsal.containers.mounts import File, Mount, Mountable
from rehearsal.containers.registries import Registries, registries, without_credentials


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder whose path has blanks and other characters than ASCII."""
    home = tmp_path / "Zuhause mit ü und leer"
    home.mkdir()
    (home / ".netrc").write_text("machine nexus.example login ada password SECRET")
    return home


def found(home: Path, **environment: str) -> Registries:
    return registries(environment, home, hosts=home / "hosts")


def texts(mounts: tuple[Mountable, ...]) -> str:
    return "\n".join(mount.content for mount in mounts if isinstance(mount, File))


def sources(mounts: tuple[Mountable, ...]) -> set[Path]:
    return {mount.source for mount in mounts if isinstance(mount, Mount)}


def test_urls_lose_their_user_and_password() -> None:
    text = "https://ada:SECRET@nexus.example/simple https://other/simple"
    assert without_credentials(text) == "https://nexus.example/simple https://other/simple"
    assert without_credentials("https://TOKEN@nexus/@scope/x") == "https://nexus/@scope/x"


@pytest.mark.parametrize(
    ("name", "value", "passed"),
    [
        ("PIP_INDEX_URL", "https://ada:SECRET@nexus/simple", "https://nexus/simple"),
        ("UV_INDEX", "corp=https://ada:SECRET@nexus/simple", "corp=https://nexus/simple"),
        ("http_proxy", "http://ada:SECRET@proxy:3128", "http://proxy:3128"),
        ("UV_INDEX_CORP_PASSWORD", "SECRET", None),
        ("UV_INDEX_CORP_USERNAME", "SECRET", None),
        ("UV_PUBLISH_TOKEN", "SECRET", None),
        ("PIP_CLIENT_CERT", "/home/ada/SECRET.pem", None),
        ("PIP_KEYRING_PROVIDER", "SECRET", None),
        ("NPM_CONFIG__AUTHTOKEN", "SECRET", None),
        ("NPM_CONFIG_REGISTRY", "https://ada:SECRET@npm/", "https://npm/"),
        ("NETRC", "/home/ada/.netrc", None),
        ("UV_CACHE_DIR", "/home/ada/.cache/uv", None),
        ("PIP_TARGET", "/home/ada/packages", None),
        ("AWS_SECRET_ACCESS_KEY", "SECRET", None),
        ("GITHUB_TOKEN", "SECRET", None),
        ("PIP_DEFAULT_TIMEOUT", "180", "180"),
    ],
)
def test_variables_are_passed_without_secrets(
    home: Path, name: str, value: str, passed: str | None
) -> None:
    variables = found(home, **{name: value}).variables
    proxied = {key: text for key, text in variables.items() if key.lower() != "no_proxy"}
    assert proxied == ({} if passed is None else {name: passed})


def test_configuration_files_are_passed_without_secrets(home: Path) -> None:
    (home / ".config/pip").mkdir(parents=True)
    (home / ".config/pip/pip.conf").write_text(
        "[global]\nindex-url = https://ada:SECRET@nexus/simple\nclient-cert = /home/SECRET.pem\n"
        "timeout = 10\n"
    )
    (home / ".config/uv").mkdir()
    (home / ".config/uv/uv.toml").write_text(
        'cache-dir = "/home/SECRET"\n[[index]]\nname = "corp"\n'
        'url = "https://ada:SECRET@nexus/simple"\n'
    )
    (home / ".npmrc").write_text(
        "registry=https://npm.example/\n//npm.example/:_authToken=SECRET\n_password=SECRET\n"
        "email=SECRET\nfund=false\n"
    )
    mounts = found(home).mounts
    text = texts(mounts)
    assert "SECRET" not in text
    for line in ("index-url = https://nexus/simple", "timeout = 10", "fund=false"):
        assert line in text
    assert 'url = "https://nexus/simple"' in text
    assert "registry=https://npm.example/" in text
    assert not any(path.is_relative_to(home) for path in sources(mounts))


def test_local_folders_of_packages_may_have_blanks_in_their_path(home: Path) -> None:
    wheels, certificate = home / "meine Räder", home / "ca bundle.pem"
    wheels.mkdir()
    certificate.touch()
    mounts = found(home, PIP_FIND_LINKS=str(wheels), REQUESTS_CA_BUNDLE=str(certificate)).mounts
    assert {wheels, certificate} <= sources(mounts)


def test_a_setting_cannot_show_the_home_folder(home: Path) -> None:
    (home / "x").mkdir()
    environment = {"PIP_FIND_LINKS": f"{home} {home.parent} /", "UV_LOG_DIR": str(home / "x")}
    mounts = found(home, **environment).mounts
    assert not any(home.is_relative_to(path) for path in sources(mounts))
    assert home / "x" not in sources(mounts)


def test_local_registries_are_the_only_addresses_of_this_machine(home: Path) -> None:
    (home / "hosts").write_text("127.0.0.1 localhost\n127.0.0.1 devpi.local\n10.9.8.7 nexus # x\n")
    outside = found(
        home,
        PIP_INDEX_URL="http://127.0.0.1:3141/root/pypi",
        PIP_EXTRA_INDEX_URL="https://devpi.local:3142/simple",
        UV_INDEX_URL="http://nexus:8081/simple",
        https_proxy="http://proxy.example:3128",
    ).outside
    assert set(outside.allowed) == {("127.0.0.1", 3141), ("127.0.0.1", 3142)}
    assert {8081, 3128, 443, 80} <= set(outside.ports)
    assert outside.hosts == ("10.9.8.7 nexus", "127.0.0.1 devpi.local")
