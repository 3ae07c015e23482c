"""Proxies in builds: the user's reaches registries, and that of the rehearsal is out of reach."""

from pathlib import Path

from rehearsal.containers.registries import registries
from rehearsal.framework.proxy_settings import UserProxy

OF_THE_REHEARSAL = "http://127.0.0.1:39999"


def test_the_proxy_of_the_rehearsal_is_not_reachable_from_builds(tmp_path: Path) -> None:
    # It connects to every address of this machine, which builds must not reach.
    found = registries({"PATH": "/bin", **UserProxy().replaced_by(OF_THE_REHEARSAL)}, tmp_path)
    assert found.outside.allowed == ()
    assert found.variables == {}


def test_the_proxy_of_the_user_applies_to_all_hosts_but_those_of_aws(tmp_path: Path) -> None:
    user = UserProxy("http://127.0.0.1:3128", ".internal")
    found = registries(user.replaced_by(OF_THE_REHEARSAL), tmp_path)
    assert found.outside.allowed == (("127.0.0.1", 3128),)
    assert found.variables["HTTPS_PROXY"] == "http://127.0.0.1:3128"
    assert {".internal", ".amazonaws.com"} <= set(found.variables["NO_PROXY"].split(","))
