"""Runs scripts one after another in this process, since the import of an SDK takes seconds.

Each argument is a script with its arguments; a script that fails does not end the others.
"""

import runpy
import sys
import traceback

for command in sys.argv[1:]:
    print(f"\nSCRIPT {command}", flush=True)  # noqa: T201  # the output
    sys.argv = command.split()
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except BaseException:  # of one script, SystemExit included
        print(f"\nFAILED {traceback.format_exc()}", flush=True)  # noqa: T201  # the output
