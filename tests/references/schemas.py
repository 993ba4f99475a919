"""Judges values by JSON Schemas with python-jsonschema.

Reads JSON lines {"draft": 7 or "2020-12", "formats": bool, "schema": ..., "instances": [...]} and writes for
each a list of true and false, or null if the schema itself is refused.
"""

import json
import sys
import time

from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.exceptions import SchemaError


def verdicts(question):
    kind = Draft7Validator if question["draft"] == 7 else Draft202012Validator
    try:
        kind.check_schema(question["schema"])
    except SchemaError:
        return None
    checker = kind.FORMAT_CHECKER if question["formats"] else None
    validator = kind(question["schema"], format_checker=checker)
    return [validator.is_valid(instance) for instance in question["instances"]]


if sys.argv[1:] == ["--measure"]:
    # One schema, many instances: validations per CPU second.
    question = json.loads(sys.stdin.readline())
    validator = Draft202012Validator(question["schema"])
    began, count = time.process_time(), 0
    while time.process_time() - began < 2:
        for instance in question["instances"]:
            validator.is_valid(instance)
        count += len(question["instances"])
    print(count / (time.process_time() - began))
else:
    for line in sys.stdin:
        print(json.dumps(verdicts(json.loads(line))))
