#!/bin/bash
# Runs whenever JupyterLab starts, as the user of the application; it has 5 minutes.
set -eu

git config --global pull.rebase true
git config --global init.defaultBranch main
