"""Answers of a real gateway against its own description: every GET that needs no more than ids that are known, for every
role, and refusals."""

import json
import unittest
import urllib.parse

import yaml

from cities import CitiesTest, python_job

CITY = "hongkong"
METHODS = ("get", "post", "patch", "delete", "options")
ROLES = ("SUBMITTER", "DATA_OWNER", "POLICY_ADMIN", "REVIEWER", "AUDITOR", "OPERATOR")


class Schema:
    """As much of JSON Schema 2020-12 as the description uses; what it does not know is an error, not a pass."""

    KNOWN = {"$ref", "type", "required", "properties", "additionalProperties", "items", "enum", "const", "minimum", "maximum",
             "minItems", "maxItems", "minLength", "maxLength", "pattern", "description", "default", "format", "oneOf", "anyOf",
             "allOf", "examples", "title"}
    TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}

    def __init__(self, document):
        self.document = document

    def resolve(self, node):
        while "$ref" in node:
            at = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                at = at[part]
            node = at
        return node

    def is_type(self, value, name):
        if name == "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        if name == "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        return isinstance(value, self.TYPES[name])

    def mistakes(self, value, schema, where="$"):
        schema = self.resolve(schema)
        unknown = set(schema) - self.KNOWN
        if unknown:
            return [f"{where}: the description uses {unknown}, which this test does not know"]
        for several in ("oneOf", "anyOf"):
            if several in schema and all(self.mistakes(value, one, where) for one in schema[several]):
                return [f"{where}: is none of {several}"]
        found = [mistake for one in schema.get("allOf", []) for mistake in self.mistakes(value, one, where)]
        types = schema.get("type", [])
        types = [types] if isinstance(types, str) else types
        if types and not any(self.is_type(value, name) for name in types):
            return [f"{where}: {json.dumps(value)[:80]} is no {' or '.join(types)}"]
        if "enum" in schema and value not in schema["enum"]:
            found.append(f"{where}: {value!r} is none of {schema['enum']}")
        if "minimum" in schema and isinstance(value, (int, float)) and value < schema["minimum"]:
            found.append(f"{where}: {value} is below {schema['minimum']}")
        if isinstance(value, dict):
            found += [f"{where}: lacks {name}" for name in schema.get("required", []) if name not in value]
            known = schema.get("properties", {})
            rest = schema.get("additionalProperties", True)
            for name, member in value.items():
                if name in known:
                    found += self.mistakes(member, known[name], f"{where}.{name}")
                elif isinstance(rest, dict):
                    found += self.mistakes(member, rest, f"{where}.{name}")
                elif rest is False:
                    found.append(f"{where}: has {name}, which the description does not allow")
        if isinstance(value, list) and "items" in schema:
            for number, member in enumerate(value):
                found += self.mistakes(member, schema["items"], f"{where}[{number}]")
        return found


class OpenApi(CitiesTest):
    @classmethod
    def prepare(cls):
        cls.job = cls.cities.submit(CITY, python_job("print(1)"))
        cls.cities.wait_state(CITY, cls.job, "complete")
        cls.cities.register(CITY, "described", "a,b\n1,2\n", {"data.grade": "general", "data.personal": "none"})
        text = cls.cities.http(CITY, None, "GET", "/api/v1/openapi.yaml").body
        cls.document = yaml.safe_load(text)
        cls.schema = Schema(cls.document)

    def described(self, path, method, answer):
        """The schema of this answer; None: it has no JSON body."""
        responses = self.document["paths"][path][method]["responses"]
        one = responses.get(str(answer.status)) or responses.get("default")
        self.assertIsNotNone(one, f"{method} {path} answered {answer.status}, which the description does not know")
        kind = (answer.headers["Content-Type"] or "").split(";")[0]
        content = self.schema.resolve(one).get("content", {})
        if not answer.body:
            return None
        self.assertIn(kind, content, f"{method} {path} {answer.status}")
        return content[kind]["schema"] if kind in ("application/json", "application/ld+json", "application/problem+json") else None

    def check(self, path, method, answer):
        schema = self.described(path, method, answer)
        if schema is None:
            return
        found = self.schema.mistakes(answer.json(), schema)
        self.assertEqual(found, [], f"{method} {path} {answer.status}: {answer.body[:300]}")

    def test_the_description_is_one(self):
        self.assertTrue(self.document["openapi"].startswith("3.1."))
        names = [one[method]["operationId"] for one in self.document["paths"].values() for method in one if method in METHODS]
        self.assertEqual(len(names), len(set(names)))

    def test_what_is_read_is_as_described(self):
        known = {"id": {"/jobs": self.job, "/datasets": "described"}, "job": self.job, "name": "stdout", "provider": "nobody",
                 "digest": "0" * 64, "tenant": "hku", "sequence": "0"}
        asked = 0
        for path, methods in self.document["paths"].items():
            if "get" not in methods or path == "/events":
                continue
            place = path
            for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
                value = known.get(name, "nothing")
                if isinstance(value, dict):
                    value = next((one for begin, one in value.items() if path.startswith(begin + "/")), "nothing")
                place = place.replace("{" + name + "}", urllib.parse.quote(value))
            for role in ROLES + (None,):
                answer = self.cities.http(CITY, role, "GET", "/api/v1" + place)
                with self.subTest(path=path, role=role):
                    self.assertLess(answer.status, 500, place)
                    self.check(path, "get", answer)
                asked += 1
        self.assertGreater(asked, 200)

    def test_refusals_are_as_described(self):
        for path, method, body in (("/jobs", "post", {"executors": 7}), ("/explain", "post", {}), ("/datasets", "post", {"id": "A"}),
                                   ("/mechanisms", "post", {"x": 1}), ("/tokens", "post", {"name": 7}),
                                   ("/policy/decide", "post", {"action": 7}), ("/sign-out", "post", {})):
            for role in ROLES + (None,):
                answer = self.cities.http(CITY, role, method.upper(), "/api/v1" + path, body)
                with self.subTest(path=path, role=role):
                    self.assertIn(answer.status, (400, 401, 403), path)
                    self.assertEqual(answer.headers["Content-Type"], "application/problem+json", path)
                    self.check(path, method, answer)

    def test_every_answer_can_be_traced(self):
        answer = self.cities.http(CITY, "AUDITOR", "GET", "/api/v1/status", headers={"X-Request-Id": "trace-7"})
        self.assertEqual(answer.headers["X-Request-Id"], "trace-7")
        self.assertTrue(self.cities.http(CITY, None, "GET", "/nothing").headers["X-Request-Id"])
        packed = self.cities.http(CITY, "AUDITOR", "GET", "/api/v1/audit/entries", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(packed.headers["Content-Encoding"], "gzip")
        wrong = self.cities.http(CITY, "AUDITOR", "DELETE", "/api/v1/jobs")
        self.assertEqual((wrong.status, set(wrong.headers["Allow"].split(", "))), (405, {"GET", "HEAD", "POST"}))


if __name__ == "__main__":
    unittest.main()
