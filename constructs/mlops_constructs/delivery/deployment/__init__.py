"""Deployment of stacks with CloudFormation, across accounts and regions."""
