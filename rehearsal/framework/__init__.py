"""The base of every service: gateway, protocols, service, store, tags, pages and identity."""
