"""Bootstrap of accounts: the permissions of deployments, and the commands that set them."""
