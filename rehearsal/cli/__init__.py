"""The command line, `rehearse`."""
