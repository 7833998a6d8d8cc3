"""Checks a compose file against the JSON Schema of the Compose specification.

    python .ci/compose.py COMPOSE SCHEMA
"""

import json
import sys

import jsonschema
import yaml


def main(compose: str, schema: str) -> int:
    with open(compose, encoding="utf-8") as file:
        document = yaml.safe_load(file)
    with open(schema, encoding="utf-8") as file:
        validator = jsonschema.Draft7Validator(json.load(file))
    # The schema is older than the name of a project.
    document.pop("name", None)
    problems = list(validator.iter_errors(document))
    for problem in problems:
        place = "/".join(str(part) for part in problem.path)
        print(f"{compose}: {place}: {problem.message}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
