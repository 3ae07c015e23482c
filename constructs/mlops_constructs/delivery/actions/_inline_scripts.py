"""Scripts that builds run from their buildspec, so that no push to a repository changes them."""

import base64
import json
import zlib
from functools import cache
from pathlib import Path

_SCRIPTS = Path(__file__).parents[1] / "runtime"


@cache
def written_scripts(*names: str) -> str:
    """Returns the command that writes scripts to /tmp.

    The scripts are compressed: CodeBuild accepts 25,600 characters of an inline buildspec, which
    two of them exceed.

    Args:
        names: names of the scripts' files.
    """
    scripts = {name: (_SCRIPTS / name).read_text(encoding="utf-8") for name in names}
    content = base64.b64encode(zlib.compress(json.dumps(scripts).encode(), 9)).decode()
    program = (
        "import base64, json, pathlib, zlib; "
        '[pathlib.Path("/tmp", name).write_text(text, encoding="utf-8") for name, text in '
        f'json.loads(zlib.decompress(base64.b64decode("{content}"))).items()]'
    )
    # -I: neither the working directory nor environment variables add modules.
    return f"python3 -I -c '{program}'"
