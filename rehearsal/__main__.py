"""Entry point of `python -m rehearsal`, which is the command `rehearse`."""

from rehearsal.cli.main import main

main()
