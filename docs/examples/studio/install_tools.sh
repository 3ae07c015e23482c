#!/bin/bash
# Runs at each start of JupyterLab as the user of the application, for at most 5 minutes.
set -eu

git config --global pull.rebase true
git config --global init.defaultBranch main
