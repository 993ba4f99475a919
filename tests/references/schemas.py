"""Judges values by JSON Schemas with python-jsonschema.

Reads JSON lines {"draft": 7 or "2020-12", "formats": bool, "schema": ..., "instances": [...]} and writes for
each a list of true and false, or null if the schema itself is refused.

With --measure SECONDS it reads lines {"name", "schema", "instances"} (draft 2020-12) and writes lines {"name",
"verdicts", "per_second"}: validations per CPU second, the schema compiled and the instances parsed before.
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


def measure(seconds):
    for line in sys.stdin:
        question = json.loads(line)
        validator = Draft202012Validator(question["schema"])
        instances = question["instances"]
        began, count = time.process_time(), 0
        while (spent := time.process_time() - began) < seconds:
            for instance in instances:
                validator.is_valid(instance)
            count += len(instances)
        found = [validator.is_valid(instance) for instance in instances]
        print(json.dumps({"name": question["name"], "verdicts": found, "per_second": count / spent}))


if sys.argv[1:2] == ["--measure"]:
    measure(float(sys.argv[2]))
else:
    for line in sys.stdin:
        print(json.dumps(verdicts(json.loads(line))))
