"""CloudFormation resource types, their provisioning and permissions."""
