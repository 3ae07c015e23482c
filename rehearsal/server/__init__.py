"""The server process: composition of the services, certificate, child processes."""
