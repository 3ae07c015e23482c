#!/bin/bash
git config --global pull.rebase true
