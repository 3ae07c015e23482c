"""The ground of every service: gateway, protocols, base class, platform."""
