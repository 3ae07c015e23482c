"""`python -m rehearsal`: see rehearsal/cli.py."""

from rehearsal.cli import main

main()
