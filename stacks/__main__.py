"""`python -m stacks schema`: writes the JSON schema of the settings files anew."""

import argparse

from stacks.settings_schema import SCHEMA, settings_schema


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stacks", description=__doc__)
    parser.add_argument("command", choices=["schema"])
    parser.parse_args()
    SCHEMA.write_text(settings_schema())


if __name__ == "__main__":
    main()
