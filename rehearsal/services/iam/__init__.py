"""CloudFormation types of AWS IAM that ministack lacks."""
