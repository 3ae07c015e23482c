"""EC2: resource types of CloudFormation."""
