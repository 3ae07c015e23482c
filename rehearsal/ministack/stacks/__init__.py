"""Stacks of CloudFormation: principals, templates, and handlers of resource types."""
