"""A program that describes the container in which it runs."""

from __future__ import annotations

SURVEY = """
import json, os, socket

def kind_of(path):
    if os.path.isfile(path):
        return "file"
    try:
        open(path + "/attempt", "w").close()
        os.unlink(path + "/attempt")
    except OSError:
        return "read-only folder"
    return "folder"

def survey(*contents):
    # `contents` are the folders of inputs and results, whose content is not that of the platform.
    paths, files = {}, {}
    for folder, folders, names in os.walk("/opt/ml"):
        if folder in contents:
            folders.clear()
            names.clear()
        if folder in contents or not folders + names:
            paths[folder] = kind_of(folder)
        for name in names:
            path = os.path.join(folder, name)
            paths[path] = kind_of(path)
            if name.endswith(".json"):
                files[path] = json.load(open(path))
    return {
        "environment": dict(os.environ),
        "paths": paths,
        "files": files,
        "user": os.getuid(),
        "working directory": os.getcwd(),
        "host name": socket.gethostname(),
    }
"""
