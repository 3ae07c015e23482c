# Sourced by the builds: pip and uv install packages from the project's CodeArtifact repository if it
# has one, otherwise from PyPI.
if [ -n "${CODEARTIFACT_DOMAIN:-}" ]; then
  CODEARTIFACT_TOKEN="$(aws codeartifact get-authorization-token --domain "$CODEARTIFACT_DOMAIN" \
    --domain-owner "$CODEARTIFACT_DOMAIN_OWNER" --query authorizationToken --output text)" || return 1
  CODEARTIFACT_URL="$(aws codeartifact get-repository-endpoint --domain "$CODEARTIFACT_DOMAIN" \
    --domain-owner "$CODEARTIFACT_DOMAIN_OWNER" --repository "$CODEARTIFACT_REPOSITORY" --format pypi \
    --query repositoryEndpoint --output text)" || return 1
  export PIP_INDEX_URL="https://aws:${CODEARTIFACT_TOKEN}@${CODEARTIFACT_URL#https://}simple/"
  export UV_DEFAULT_INDEX="$PIP_INDEX_URL"
fi
