"""What `cdk deploy` deploys."""
