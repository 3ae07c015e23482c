"""S3: requests behind the resource types of CloudFormation."""
