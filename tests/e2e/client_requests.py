"""What GA4GH TES clients put on the wire, read from their sources: heads, bodies, how they ask again and how they cancel."""

import base64
import gzip
import json
import socket
import urllib.parse

TASKS = "/ga4gh/tes/v1/tasks"
WORK = "/work"  # Nextflow's folder in its containers
JSON = ("Content-Type", "application/json")


class Wire:
    """Sends bytes exactly as they are given, each request over a connection of its own."""

    def __init__(self, cities, city):
        self.url = urllib.parse.urlsplit(cities.env[city.upper() + "_URL"])
        self.token = cities.env[f"{city.upper()}_TOKEN_SUBMITTER"]
        self.tls = cities.tls

    def bearer(self):
        return ("Authorization", "Bearer " + self.token)

    def basic(self, user):
        return ("Authorization", "Basic " + base64.b64encode(f"{user}:{self.token}".encode()).decode())

    def send(self, method, path, headers, body=b"", version="1.1", pieces=None, length=True):
        """`pieces`: in chunks; `length`: whether a length is told where there are no chunks."""
        lines = [f"{method} {path} HTTP/{version}"]
        if version != "1.0":
            lines.append(f"Host: {self.url.netloc}")
        lines += [f"{name}: {value}" for name, value in headers]
        if pieces is not None:
            lines.append("Transfer-Encoding: chunked")
        elif length and method != "GET":
            lines.append(f"Content-Length: {len(body)}")
        head = ("\r\n".join(lines) + "\r\nConnection: close\r\n\r\n").encode()
        with socket.create_connection((self.url.hostname, self.url.port), timeout=60) as plain:
            with self.tls.wrap_socket(plain, server_hostname=self.url.hostname) as secure:
                secure.sendall(head)
                answer = b""
                if ("Expect", "100-continue") in headers:
                    while not answer.endswith(b"\r\n\r\n"):
                        answer += secure.recv(4096)
                    assert answer.startswith(b"HTTP/1.1 100 "), answer
                    answer = b""
                if pieces is None:
                    secure.sendall(body)
                else:
                    for piece in [*pieces, b""]:
                        secure.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
                while data := secure.recv(65536):
                    answer += data
        return Reply(answer)


class Reply:
    def __init__(self, raw):
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.reason = first.split(" ", 2)[2]
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        if self.headers.get("transfer-encoding") == "chunked":
            whole = b""
            while body:
                size, _, body = body.partition(b"\r\n")
                whole, body = whole + body[:int(size, 16)], body[int(size, 16) + 2:]
            body = whole
        self.body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body

    def json(self):
        return json.loads(self.body)


class Client:
    """`head(wire)`: what it sends with every request; `poll`: the query of its look at a task; `cancel`: body, further
    head and whether it tells a length."""

    def __init__(self, name, head, task, poll, cancel=(b"", [], True), create_head=(JSON,), how=None):
        self.name, self.head, self.task, self.poll, self.cancel = name, head, task, poll, cancel
        self.create_head, self.how = list(create_head), how or {}

    def create(self, wire):
        body = self.task if isinstance(self.task, bytes) else json.dumps(self.task).encode()
        how = dict(self.how)
        if how.pop("chunked", False):
            how["pieces"], body = [body[i:i + 7] for i in range(0, len(body), 7)], b""
        if how.pop("packed", False):
            body = gzip.compress(body)
        return wire.send("POST", TASKS, self.head(wire) + self.create_head, body, **how)

    def look(self, wire, task, query=None):
        path = f"{TASKS}/{task}{self.poll if query is None else query}"
        return wire.send("GET", path, self.head(wire), version=self.how.get("version", "1.1"))

    def stop(self, wire, task):
        body, more, length = self.cancel
        return wire.send("POST", f"{TASKS}/{task}:cancel", self.head(wire) + more, body, length=length,
                         version=self.how.get("version", "1.1"))


def executor(*command, **more):
    return {"image": "host/bash", "command": list(command) or ["sleep", "600"], **more}


REQUESTS = [("User-Agent", "python-requests/2.31.0"), ("Accept-Encoding", "gzip, deflate"), ("Accept", "*/*")]
OKHTTP = [("User-Agent", "Swagger-Codegen/1.0.0/java"), ("Accept", "application/json"), ("Accept-Encoding", "gzip")]
GO = [("User-Agent", "Go-http-client/1.1"), ("Accept-Encoding", "gzip")]

CLIENTS = [
    # Empty members are left out; requests writes "Content-type" itself, also where there is no body.
    Client("py-tes", lambda wire: [*REQUESTS, ("Content-type", "application/json"), wire.bearer()],
           {"executors": [executor()], "inputs": [{"path": "/tmp/in", "type": "FILE", "content": "x"}],
            "resources": {}}, "?view=MINIMAL", create_head=()),
    # As Toil's TES batch system makes them with py-tes: fractions of a GB, a pickled command, user and password.
    Client("Toil", lambda wire: [*REQUESTS, ("Content-type", "application/json"), wire.basic("me")],
           {"name": "'hello' kind-hello/instance-1 v1", "executors": [executor("sleep", "600", env={"TOIL_WORKDIR": "/tmp"})],
            "inputs": [], "resources": {"cpu_cores": 1, "ram_gb": 0.0596, "disk_gb": 0.001862645149230957}}, "?view=BASIC",
           create_head=()),
    # Gson leaves null out; the disk of a process that wants 500 MB is 0 GB; the view is not named.
    Client("Nextflow (nf-ga4gh)", lambda wire: [*OKHTTP, wire.basic("nextflow")],
           {"name": "sort (1)", "executors": [executor("bash", "-o", "pipefail", "-c", f"sleep 600 2>&1 | tee {WORK}/.command.log",
                                                       workdir=WORK)],
            "resources": {"cpu_cores": 1, "ram_gb": 0.25, "disk_gb": 0.0, "backend_parameters_strict": False}, "tags": {}}, "",
           cancel=(b"", [("Content-Type", "application/json; charset=utf-8")], True),
           create_head=[("Content-Type", "application/json; charset=utf-8")]),
    # spray-json leaves members out that are None, but not values of maps: they are null. No Content-Type where there is no body.
    Client("Cromwell", lambda wire: [("User-Agent", "akka-http/10.1.15"), wire.bearer()],
           {"name": "wf.call", "description": "00000000:wf.call:-1:1", "executors": [executor()],
            "resources": {"preemptible": False, "backend_parameters": {"internal_path_prefix": "/cromwell", "other": None}},
            "tags": {"workflow_id": "w-1", "root_workflow_id": "w-1", "parent_workflow_id": None}}, "?view=MINIMAL"),
    # protojson writes lower camel case and leaves out what is zero.
    Client("Funnel", lambda wire: [*GO, wire.basic("funnel")],
           {"executors": [executor(ignoreError=True)], "resources": {"cpuCores": 1, "ramGb": 0.5, "backendParametersStrict": True}},
           "?view=", cancel=(b"", [JSON], True)),
    # Galaxy's Pulsar (pydantic-tes) writes out every member.
    Client("Pulsar", lambda wire: [*REQUESTS, JSON, wire.bearer()],
           {"id": None, "state": None, "name": None, "description": None, "inputs": [], "outputs": None,
            "resources": {"cpu_cores": None, "preemptible": None, "ram_gb": None, "disk_gb": None, "zones": None,
                          "backend_parameters": None, "backend_parameters_strict": False},
            "executors": [executor(workdir=None, stdin=None, stdout=None, stderr=None, env=None)],
            "volumes": ["/pulsar"], "tags": None, "logs": None, "creation_time": None}, "?view=FULL", create_head=()),
    # The crate `tes` (Crankshaft, Sprocket): its cancel's body is JSON's null.
    Client("Sprocket", lambda wire: [("accept", "*/*"), wire.basic("user")],
           {"name": "task", "executors": [executor("bash", "-c", "sleep 600", workdir="/mnt/task/work", env={})],
            "inputs": [], "outputs": [], "volumes": [], "tags": {}}, "?view=FULL",
           cancel=(b"null", [("Content-Type", "application/json")], True)),
    # The conformance runner: bodies for everything.
    Client("openapi-test-runner", lambda wire: [*REQUESTS, ("Accept", "application/json"), wire.bearer()],
           {"name": "CompTest", "executors": [executor()]}, "?view=BASIC", cancel=(b"{}", [JSON], True)),
    # curl -X POST: neither body nor length. Large bodies are announced, streams come in chunks.
    Client("curl", lambda wire: [("User-Agent", "curl/7.88.1"), ("Accept", "*/*"), wire.bearer()], {"executors": [executor()]},
           "?view=MINIMAL", cancel=(b"", [], False),
           create_head=[("Content-Type", "application/x-www-form-urlencoded"), ("Expect", "100-continue")]),
    Client("a stream", lambda wire: [wire.bearer()], {"executors": [executor()]}, "?view=MINIMAL", how={"chunked": True}),
    Client("HTTP/1.0", lambda wire: [wire.bearer()], {"executors": [executor()]}, "?view=MINIMAL", how={"version": "1.0"}),
    Client("a packed body", lambda wire: [wire.bearer()], {"executors": [executor()]}, "?view=MINIMAL",
           create_head=[JSON, ("Content-Encoding", "gzip")], how={"packed": True}),
]
