"""One job's trace through both gateways, as a collector of OTLP gets it, and its lines in both logs."""

import http.server
import json
import pathlib
import re
import threading
import time
import unittest

from cities import CitiesTest, python_job, wait_until

TRACE, CLIENT_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEX = {"traceId": 32, "spanId": 16, "parentSpanId": 16}


class Collector:
    """Takes OTLP over HTTP with JSON; answers as it is told to."""

    def __init__(self):
        self.bodies, self.status = [], 200
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if collector.status == 200:
                    collector.bodies.append((self.path, self.headers["Content-Type"], body))
                self.send_response(collector.status)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def spans(self, **wanted):
        """Every span so far, with what told it as `by`."""
        out = []
        for _, _, body in list(self.bodies):
            for resource in json.loads(body)["resourceSpans"]:
                by = {each["key"]: each["value"]["stringValue"] for each in resource["resource"]["attributes"]}
                for scope in resource["scopeSpans"]:
                    out += [dict(span, by=by["service.namespace"]) for span in scope["spans"]]
        return [span for span in out if all(span.get(key) == value for key, value in wanted.items())]


def attributes(span):
    return {each["key"]: next(iter(each["value"].values())) for each in span.get("attributes", [])}


class Traces(CitiesTest):
    @classmethod
    def prepare(cls):
        cls.collector = Collector()
        cls.addClassCleanup(cls.collector.server.shutdown)
        for city in ("shenzhen", "hongkong"):
            cls.cities.stop(city)
            with open(cls.cities.env[f"{city.upper()}_CONFIG"], "a") as config:
                config.write(f'traces: {{endpoint: "http://127.0.0.1:{cls.collector.port}"}}\n')
        for city in ("shenzhen", "hongkong"):
            (cls.cities.folder / city / "gateway.log").write_text("")
            cls.cities.start(city, "--log-json")
        wait_until(lambda: all(peer["up"] for peer in cls.cities.ask("hongkong", "OPERATOR", "peers")["peers"]), "the tunnel is up")

    def submit(self, **headers):
        job = python_job("print(1)", zone="shenzhen", outputs=[{"path": "/out/x", "url": "result:x", "type": "FILE"}],
                         tags={"purpose": "research", "output:x": "aggregate"})
        job["executors"][0]["stdout"] = "/out/x"
        made = self.cities.http("hongkong", "SUBMITTER", "POST", "/ga4gh/tes/v1/tasks", job, headers)
        self.assertEqual(made.status, 200, made.body)
        self.cities.wait_state("hongkong", made.json()["id"], "complete")
        return made.json()["id"]

    def lines(self, city, **wanted):
        log = (pathlib.Path(self.cities.folder) / city / "gateway.log").read_text()
        lines = [json.loads(line) for line in log.splitlines()]
        return [line for line in lines if all(line.get(key) == value for key, value in wanted.items())]

    def wait_for_spans(self, count, **wanted):
        wait_until(lambda: len(self.collector.spans(**wanted)) >= count, f"{count} spans of {wanted}",
                   lambda: json.dumps(self.collector.spans(), indent=1)[:3000])
        return self.collector.spans(**wanted)

    def metric(self, city, name):
        text = self.cities.http(city, "OPERATOR", "GET", "/metrics").body.decode()
        return int(re.search(rf"(?m)^{name} (\d+)$", text).group(1))

    def test_a_clients_trace_goes_on_in_both_regions(self):
        job = self.submit(traceparent=f"00-{TRACE}-{CLIENT_SPAN}-01", **{"X-Request-Id": "my-request-7"})
        wait_until(lambda: {span["by"] for span in self.collector.spans(traceId=TRACE, name="crossing")} == {"shenzhen", "hongkong"}
                   and self.collector.spans(traceId=TRACE, name="job") and self.collector.spans(traceId=TRACE, name="run"),
                   "all spans have come", lambda: json.dumps(self.collector.spans(), indent=1)[:3000])
        spans = self.collector.spans(traceId=TRACE)
        for span in spans:
            for key, length in HEX.items():
                self.assertRegex(span[key], rf"^[0-9a-f]{{{length}}}$")
            self.assertIn(span["kind"], range(1, 6))
            self.assertLessEqual(int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"]))
            self.assertLess(abs(int(span["endTimeUnixNano"]) / 1e9 - time.time()), 300)
        request, = self.collector.spans(traceId=TRACE, name="POST /ga4gh/tes/v1/tasks")
        whole, = self.collector.spans(traceId=TRACE, name="job")
        run, = self.collector.spans(traceId=TRACE, name="run")
        self.assertEqual((request["parentSpanId"], whole["parentSpanId"]), (CLIENT_SPAN, CLIENT_SPAN))
        self.assertEqual((run["parentSpanId"], run["by"]), (whole["spanId"], "shenzhen"))
        self.assertEqual((attributes(whole)["hetao.job"], attributes(whole)["hetao.state"]), (job, "complete"))
        self.assertEqual(attributes(request)["http.response.status_code"], "200")
        self.assertIn("running", [event["name"] for event in whole["events"]])
        sides = {(attributes(span)["hetao.crossing"], span["by"]) for span in self.collector.spans(traceId=TRACE, name="crossing")}
        crossings = {crossing for crossing, _ in sides}
        self.assertEqual(sides, {(crossing, by) for crossing in crossings for by in ("shenzhen", "hongkong")})
        self.assertEqual(len({span["spanId"] for span in spans}), len(spans))
        paths = {(path, kind) for path, kind, _ in self.collector.bodies}
        self.assertEqual(paths, {("/v1/traces", "application/json")})

    def test_the_logs_of_both_sides_tell_the_jobs_ids(self):
        trace = TRACE[::-1]
        job = self.submit(traceparent=f"00-{trace}-{CLIENT_SPAN}-00", **{"X-Request-Id": "my-request-8"})
        wait_until(lambda: self.lines("shenzhen", job=job, message="run has ended"), "Shenzhen told the end of the run")
        for city, message in (("hongkong", "job was submitted"), ("hongkong", "job has ended"), ("shenzhen", "run has ended"),
                              ("hongkong", "crossing has ended"), ("shenzhen", "crossing has ended")):
            found = self.lines(city, job=job, message=message)
            self.assertTrue(found, f"{city}: {message}")
            for line in found:
                self.assertEqual((line["trace"], line["request"]), (trace, "my-request-8"))
        self.assertTrue(self.lines("hongkong", request="my-request-8", status="200"))
        crossings = [{line["crossing"] for line in self.lines(city, job=job, message="crossing has ended")} for city in ("shenzhen", "hongkong")]
        self.assertEqual(crossings[0], crossings[1])
        self.assertFalse(self.collector.spans(traceId=trace), "the client asked not to be sampled")

    def test_without_a_clients_trace_both_sides_make_the_same(self):
        job = self.submit()
        wait_until(lambda: {span["by"] for span in self.collector.spans() if attributes(span).get("hetao.job") == job} ==
                   {"shenzhen", "hongkong"}, "spans of both sides have come")
        spans = [span for span in self.collector.spans() if attributes(span).get("hetao.job") == job]
        self.assertEqual(len({span["traceId"] for span in spans}), 1)
        shown = self.cities.job("hongkong", job)
        self.assertNotIn("traceparent", json.dumps(shown), "nothing is put into a job whose client told nothing")

    def test_a_collector_that_refuses_or_is_away_holds_nobody_up(self):
        self.addCleanup(setattr, self.collector, "status", 200)
        before = self.metric("hongkong", "hetao_spans_dropped_total")
        self.collector.status = 400
        self.submit()
        wait_until(lambda: self.metric("hongkong", "hetao_spans_dropped_total") > before, "what was refused is counted")
        self.collector.status = 503
        self.submit()
        self.collector.status = 200
        sent = self.metric("hongkong", "hetao_spans_sent_total")
        wait_until(lambda: self.metric("hongkong", "hetao_spans_sent_total") > sent, "what was asked to come later came")


if __name__ == "__main__":
    unittest.main()
