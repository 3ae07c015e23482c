"""Functions of Lambda, which ministack runs as processes of the server."""
