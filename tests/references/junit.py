"""Reads a JUnit file as two strangers would: junitparser, and the rules of the schema that the Jenkins
plugins publish (which elements, in which order, with which attributes). Prints what was counted."""

import json
import sys
import xml.etree.ElementTree as ET

from junitparser import JUnitXml

ALLOWED = {
    "testsuites": ({"name", "time", "tests", "failures", "errors", "disabled"}, ["testsuite"]),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "skipped", "timestamp", "hostname", "id", "package", "disabled"},
        ["properties", "testcase", "system-out", "system-err"],
    ),
    "properties": (set(), ["property"]),
    "property": ({"name", "value"}, []),
    "testcase": (
        {"name", "assertions", "time", "classname", "status"},
        ["skipped", "error", "failure", "system-out", "system-err"],
    ),
    "skipped": ({"message", "type"}, []),
    "error": ({"message", "type"}, []),
    "failure": ({"message", "type"}, []),
    "system-out": (set(), []),
    "system-err": (set(), []),
}
NEEDED = {"testsuite": {"name"}, "testcase": {"name", "classname"}, "property": {"name"}}


def check(element, problems):
    attributes, children = ALLOWED.get(element.tag, (None, []))
    if attributes is None:
        problems.append(f"unknown element {element.tag}")
        return
    problems += [f"{element.tag} has {name}" for name in element.attrib if name not in attributes]
    problems += [f"{element.tag} lacks {name}" for name in NEEDED.get(element.tag, set()) - set(element.attrib)]
    places = []
    for child in element:
        if child.tag not in children:
            problems.append(f"{child.tag} in {element.tag}")
        else:
            places.append(children.index(child.tag))
        check(child, problems)
    if places != sorted(places):
        problems.append(f"order in {element.tag}")
    for name in ("tests", "failures", "errors", "skipped"):
        if name in element.attrib and not element.attrib[name].isdigit():
            problems.append(f"{name} of {element.tag} is {element.attrib[name]}")
    if "time" in element.attrib:
        float(element.attrib["time"])


path = sys.argv[1]
problems = []
root = ET.parse(path).getroot()
check(root, problems)
xml = JUnitXml.fromfile(path)
said = {name: int(root.attrib[name]) for name in ("tests", "failures", "errors")}
xml.update_statistics()
counted = {"tests": xml.tests, "failures": xml.failures, "errors": xml.errors}
if said != counted:
    problems.append(f"says {said}, has {counted}")
cases = {case.name: [type(result).__name__ for result in case.result] for suite in xml for case in suite}
print(json.dumps({"problems": problems, "counted": counted, "skipped": xml.skipped, "cases": cases}))
