"""checkov, which builds the tables of its parser of JSON paths once; run by checkov's Python.

By itself it builds them for each of some 300 paths, which takes a third of its time.
"""

import sys
from typing import Any

import ply.yacc  # type: ignore[import-not-found]
from checkov.main import Checkov  # type: ignore[import-not-found]

_build = ply.yacc.yacc
_built: dict[type, Any] = {}


def _once(*, module: object, **options: Any) -> Any:
    """Returns the parser of a grammar, which is a class without state."""
    grammar = type(module)
    if grammar not in _built:
        _built[grammar] = _build(module=module, **options)
    return _built[grammar]


if __name__ == "__main__":
    ply.yacc.yacc = _once
    sys.exit(Checkov().run())
