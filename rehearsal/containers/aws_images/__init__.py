"""AWS's images by name, replaced by images that the rehearsal builds from packages."""
