"""IAM and STS: identities, policies of resources, and requests that IAM has to evaluate."""
