"""`python -m rehearsal`: see rehearsal/cli/main.py."""

from rehearsal.cli.main import main

main()
