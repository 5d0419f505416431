"""Sign-in at real identity providers: browsers, terminals and services; sessions, personal tokens, and what the ledger says."""

import base64
import http.client
import json
import pathlib
import re
import time
import unittest
import urllib.parse

import identity
from cities import PATIENCE_S, CitiesTest, wait_until

MODULES = identity.modules()
CITY = "hongkong"
SECRET, SERVICE_SECRET = "a-secret-of-the-console", "a-secret-of-the-service"
PEOPLE_OF_MAINLAND = {
    "li": {"tenant": "szu", "groups": ["researcher"]},
    "spoof": {"tenant": "hku", "groups": ["researcher"]},  # of a tenant that this federation does not speak for
}
PEOPLE_OF_HONGKONG = {
    "chan": {"org": "The University of Hong Kong", "tenant": "x", "groups": ["staff", "dpo"]},
    "wong": {"org": "The University of Hong Kong", "groups": ["visitor"]},
    "lee": {"org": "Elsewhere", "groups": ["staff"]},
    "ops": {"org": "Office", "groups": ["ops"]},
    "mak": {"org": "The University of Hong Kong", "groups": ["staff"]},
}
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def issuers(mainland, hongkong):
    return f"""
    - name: mainland
      issuer: {mainland}
      audience: https://hetao.test
      roles_claim: groups
      role_map: {{researcher: [submitter]}}
      tenants: [szu]
      services: {{pipeline: {{tenant: szu, user: night-pipeline, roles: [submitter]}}}}
      sign_in: {{client_id: console, client_secret_file: mainland.secret, title: Mainland federation}}
    - name: hongkong
      issuer: {hongkong}
      audience: https://hetao.test
      tenant_claim: org
      tenant_map: {{The University of Hong Kong: hku, Office: hongkong-hub}}
      roles_claim: groups
      role_map: {{staff: [submitter, data-owner], dpo: [reviewer, auditor], ops: [operator, auditor]}}
      sign_in: {{client_id: console, title: Hong Kong federation, device: true}}"""


class Events:
    """Reads server-sent events from an open stream."""

    def __init__(self, answer):
        self.answer = answer

    def next(self):
        event = {}
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if not line and ("event" in event or "comment" in event):
                return event
            name, _, value = line.partition(": ")
            event["comment" if line.startswith(":") else name] = json.loads(value) if name == "data" else value

    def until(self, kind, holds=lambda data: True):
        deadline = time.monotonic() + PATIENCE_S  # the stream's own signs of life go on for ever
        while time.monotonic() < deadline:
            event = self.next()
            if event.get("event") == kind and holds(event["data"]):
                return event
        raise AssertionError(f"after {PATIENCE_S} s still no event {kind}")


@unittest.skipUnless(MODULES, "needs node from 20 on and npm, and npm's registry (or its cache) for oidc-provider")
class SignIn(identity.SignsIn, CitiesTest):
    @classmethod
    def prepare(cls):
        cls.url = cls.cities.env[CITY.upper() + "_URL"]
        config = pathlib.Path(cls.cities.env[CITY.upper() + "_CONFIG"])
        secret = config.parent / "mainland.secret"
        secret.touch(mode=0o600)
        secret.write_text(SECRET + "\n")
        def back(name):
            return [f"{cls.url}/api/v1/sign-in/{name}/callback"]
        cls.mainland = identity.Provider(
            cls.cities.folder / "mainland", MODULES, PEOPLE_OF_MAINLAND,
            [{"client_id": "console", "client_secret": SECRET, "grant_types": ["authorization_code"],
              "backchannel_logout_uri": f"{cls.url}/api/v1/sign-in/mainland/logout",
              "backchannel_logout_session_required": True},
             {"client_id": "pipeline", "client_secret": SERVICE_SECRET, "grant_types": ["client_credentials"],
              "redirect_uris": [], "response_types": []}], back("mainland"), "PS256", ca=cls.cities.env["HETAO_CA"])
        # A public client, and claims that userinfo alone tells.
        cls.hongkong = identity.Provider(
            cls.cities.folder / "hk", MODULES, PEOPLE_OF_HONGKONG,
            [{"client_id": "console", "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", DEVICE]}],
            back("hongkong"), "ES256", claims_in_userinfo_alone=True)
        cls.addClassCleanup(cls.mainland.stop)
        cls.addClassCleanup(cls.hongkong.stop)
        text = config.read_text()
        text = text.replace("auth:\n  issuers:", f"auth:\n  public_url: {cls.url}\n  issuers:"
                            + issuers(cls.mainland.issuer, cls.hongkong.issuer))
        config.write_text(text)
        cls.cities.stop(CITY)
        cls.cities.start(CITY)

    # What the tests share.

    def with_token(self, token, method, path, body=None):
        return self.cities.http(CITY, None, method, path, body, {"Authorization": "Bearer " + token})

    def entries(self, kind):
        return self.cities.ask(CITY, "AUDITOR", "audit", "search", "--kind", kind, "--limit", "200")["entries"]

    # Browsers.

    def test_a_browser_signs_in_acts_and_signs_out(self):
        browser, page, _ = self.sign_in("hongkong", "mak", "/console/jobs?state=running")
        self.assertEqual(page, "/console/jobs?state=running")
        status, me = self.who(browser)
        self.assertEqual((status, me["user"], me["tenant"], me["roles"], me["by"]),
                         (200, "mak", "hku", ["submitter", "data-owner"], "session"))
        session = me["session"]
        self.assertEqual(session["provider"], "hongkong")
        task = {"executors": [{"image": "host/true", "command": ["true"]}], "tags": {"purpose": "research"}}
        self.assertEqual(self.post(browser, "/api/v1/jobs", task)[0], 403, "a form of another site has no CSRF header")
        self.assertEqual(self.post(browser, "/api/v1/jobs", task, "0" * 64)[0], 403)
        status, text = self.post(browser, "/api/v1/jobs", task, session["csrf"])
        self.assertEqual(status, 200, text)
        status, text = self.post(browser, "/api/v1/sign-out", {}, session["csrf"])
        self.assertEqual(status, 200, text)
        self.assertTrue(json.loads(text)["provider_sign_out"].startswith(self.hongkong.issuer))
        self.assertEqual(self.who(browser)[0], 401)
        kinds = [(entry["kind"], entry.get("extra", {}).get("session")) for entry in
                 self.entries("sign-in") + self.entries("sign-out")]
        self.assertIn(("sign-in", session["id"]), kinds)
        self.assertIn(("sign-out", session["id"]), kinds)

    def test_cookies_are_for_this_site_and_for_no_script(self):
        browser = self.browser()
        answer, _ = browser.request(self.url + "/api/v1/sign-in/hongkong")
        attempt = answer.headers["Set-Cookie"]
        self.assert_words(attempt, "__Host-hetao-sign-in=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/")
        back, _ = browser.sign_in(answer.headers["Location"], "chan", self.url)
        answer, _ = browser.request(back)
        cookies = answer.msg.get_all("Set-Cookie")
        session = next(line for line in cookies if "hetao-session" in line)
        self.assert_words(session, "__Host-hetao-session=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/")
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)
        self.assertIn("state", query)
        self.assertNotIn("id_token", query)

    def test_two_federations_speak_each_for_its_own(self):
        browser, _, _ = self.sign_in("hongkong", "chan")
        _, me = self.who(browser)
        self.assertEqual((me["tenant"], sorted(me["roles"])), ("hku", ["auditor", "data-owner", "reviewer", "submitter"]))
        _, page, _ = self.sign_in("mainland", "spoof")
        self.assertEqual(page, "/console/?sign_in=refused&reason=no-tenant")
        _, page, _ = self.sign_in("hongkong", "lee")
        self.assertEqual(page, "/console/?sign_in=refused&reason=no-tenant")
        browser, page, _ = self.sign_in("hongkong", "wong")
        self.assertEqual(page, "/console/?sign_in=refused&reason=no-roles")
        self.assertEqual(self.who(browser)[0], 401)
        reasons = {entry["reason"] for entry in self.entries("sign-in-refused")}
        self.assertLessEqual({"no-tenant", "no-roles"}, reasons)

    def test_a_callback_counts_for_the_browser_that_asked_and_once(self):
        browser, _, back = self.sign_in("mainland", "li")
        other = self.browser()
        answer, _ = other.request(back)
        self.assertEqual(answer.headers["Location"], "/console/?sign_in=refused&reason=expired")
        answer, _ = browser.request(back)
        self.assertEqual(answer.headers["Location"], "/console/?sign_in=refused&reason=expired")
        answer, _ = browser.request(self.url + "/api/v1/sign-in/mainland")
        state = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)["state"][0]
        callback = f"{self.url}/api/v1/sign-in/mainland/callback?state={state}"
        mixed, _ = browser.request(f"{callback}&code=x&iss={urllib.parse.quote(self.hongkong.issuer)}")
        self.assertEqual(mixed.headers["Location"], "/console/?sign_in=refused&reason=token")

    def test_a_person_or_provider_may_say_no(self):
        browser = self.browser()
        answer, _ = browser.request(self.url + "/api/v1/sign-in/mainland")
        _, page = browser.follow(answer.headers["Location"], self.url)
        abort = re.search(r'href="([^"]+/abort)"', page).group(1)
        back, _ = browser.follow(abort, self.url)
        answer, _ = browser.request(back)
        self.assertEqual(answer.headers["Location"], "/console/?sign_in=refused&reason=denied")

    def test_nobody_is_led_elsewhere(self):
        for place in ("https://evil.example/", "//evil.example/", "/console/\\evil", "/api/v1/jobs", "/console/%0d%0aX: y"):
            answer = self.cities.http(CITY, None, "GET", "/api/v1/sign-in/mainland?return_to=" + urllib.parse.quote(place, safe="%"))
            self.assertEqual(answer.status, 400, place)
        self.assertEqual(self.cities.http(CITY, None, "GET", "/api/v1/sign-in/nobody").status, 404)
        names = [one["name"] for one in self.cities.http(CITY, None, "GET", "/api/v1/sign-in").json()["providers"]]
        self.assertEqual(names, ["mainland", "hongkong"])

    def test_sessions_outlive_the_gateway_and_are_ended_by_their_owner_or_an_operator(self):
        browser, _, _ = self.sign_in("hongkong", "chan")
        _, me = self.who(browser)
        self.cities.stop(CITY)
        self.cities.start(CITY)
        self.assertEqual(self.who(browser)[0], 200)
        second, _, _ = self.sign_in("hongkong", "chan")
        _, text = second.request(self.url + "/api/v1/sessions")
        mine = json.loads(text)["sessions"]
        self.assertEqual([one["current"] for one in mine].count(True), 1)
        self.assertIn(me["session"]["id"], [one["id"] for one in mine])
        _, here = self.who(second)
        status, _ = self.post(second, "/api/v1/sessions/" + me["session"]["id"], {}, here["session"]["csrf"], "DELETE")
        self.assertEqual(status, 204)
        self.assertEqual(self.who(browser)[0], 401)
        other, _, _ = self.sign_in("mainland", "li")
        _, their = self.who(other)
        status, _ = self.post(second, "/api/v1/sessions/" + their["session"]["id"], {}, here["session"]["csrf"], "DELETE")
        self.assertEqual(status, 404, "what is somebody else's looks like what is not there")
        operator, _, _ = self.sign_in("hongkong", "ops")
        _, me = self.who(operator)
        status, _ = self.post(operator, "/api/v1/sessions/" + their["session"]["id"], {}, me["session"]["csrf"], "DELETE")
        self.assertEqual(status, 204)
        self.assertEqual(self.who(other)[0], 401)

    # Terminals and services.

    def test_who_signs_out_at_the_provider_is_signed_out_here(self):
        browser, _, _ = self.sign_in("mainland", "li")
        other, _, _ = self.sign_in("mainland", "li")
        whoami = f"{self.url}/api/v1/whoami"
        self.assertEqual(browser.request(whoami)[0].status, 200)
        page, text = browser.follow(f"{self.mainland.issuer}/session/end", self.url)
        action = re.search(r'<form[^>]*action="([^"]+)"', text).group(1)
        xsrf = re.search(r'name="xsrf" value="([^"]+)"', text).group(1)
        browser.request(action, {"xsrf": xsrf, "logout": "yes"})
        wait_until(lambda: browser.request(whoami)[0].status == 401, "the session here is over",
                   lambda: (self.cities.folder / "mainland/provider.log").read_text())
        self.assertEqual(other.request(whoami)[0].status, 200, "another browser's session is another one")

    def test_what_is_no_logout_token_ends_nothing(self):
        browser, _, _ = self.sign_in("mainland", "li")
        for form in ({}, {"logout_token": ""}, {"logout_token": "a.b.c"},
                     {"logout_token": self.mainland.client_token("pipeline", SERVICE_SECRET)}):
            answer, _ = identity.Browser(self.cities.tls).request(f"{self.url}/api/v1/sign-in/mainland/logout", form)
            self.assertEqual(answer.status, 400, form)
        self.assertEqual(browser.request(f"{self.url}/api/v1/whoami")[0].status, 200)
        answer, _ = identity.Browser(self.cities.tls).request(f"{self.url}/api/v1/sign-in/nobody/logout", {"logout_token": "x"})
        self.assertEqual(answer.status, 404)

    def test_a_terminal_signs_in_with_a_browser_elsewhere(self):
        home = self.cities.folder / "home"
        self.sign_in_terminal(home, "chan")
        me = json.loads(self.client(home, "--json", "whoami"))
        self.assertEqual((me["user"], me["by"]), ("chan", "session"))
        self.assertEqual((home / "hetao/logins.json").stat().st_mode & 0o777, 0o600)
        self.client(home, "logout")
        self.client(home, "whoami", code=7)

    def test_a_service_comes_with_its_own_token(self):
        token = self.mainland.client_token("pipeline", SERVICE_SECRET)
        me = self.with_token(token, "GET", "/api/v1/whoami").json()
        self.assertEqual((me["user"], me["tenant"], me["roles"]), ("night-pipeline", "szu", ["submitter"]))
        self.assertIn("came with a token", {entry["reason"] for entry in self.entries("sign-in")})

    def test_new_keys_of_a_provider_are_taken_up_and_forged_ones_are_not(self):
        old = self.mainland.client_token("pipeline", SERVICE_SECRET)
        self.assertEqual(self.with_token(old, "GET", "/api/v1/whoami").status, 200)
        self.mainland.rotate()
        new = self.mainland.client_token("pipeline", SERVICE_SECRET)
        # A key is looked for at most every ten seconds, however many come with keys that nobody knows.
        wait_until(lambda: self.with_token(new, "GET", "/api/v1/whoami").status == 200, "the new key counts")
        header, claims, signature = new.split(".")

        def part(value):
            return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

        facts = json.loads(base64.urlsafe_b64decode(header + "=="))
        body = json.loads(base64.urlsafe_b64decode(claims + "=="))
        forged = {
            "no signature": ".".join((part({**facts, "alg": "none"}), claims, "")),
            "another algorithm": ".".join((part({**facts, "alg": "RS256"}), claims, signature)),
            "a shared secret": ".".join((part({**facts, "alg": "HS256"}), claims, signature)),
            "other claims": ".".join((header, part({**body, "client_id": "console", "sub": "console"}), signature)),
            "an unknown key": ".".join((part({**facts, "kid": "other"}), claims, signature)),
            "an address of keys": ".".join((part({**facts, "jku": "https://evil.example/keys"}), claims, signature[:-4] + "AAAA")),
            "a session": "hetao_" + "0" * 26 + "_" + "A" * 43,
            "nothing": "",
        }
        answers = {what: self.with_token(token, "GET", "/api/v1/jobs").status for what, token in forged.items()}
        self.assertEqual(set(answers.values()), {401}, answers)

    # Personal tokens.

    def test_a_personal_token_does_what_its_scopes_say_until_it_is_revoked(self):
        browser, _, _ = self.sign_in("hongkong", "chan")
        _, me = self.who(browser)
        csrf = me["session"]["csrf"]
        for wrong in ({"name": "x", "scopes": ["operator"]}, {"name": "x", "scopes": []}, {"name": "x", "scopes": ["submitter"], "days": 0},
                      {"name": "x", "scopes": ["submitter"], "days": 4000}, {"name": "", "scopes": ["submitter"]},
                      {"name": "x", "scopes": ["submitter:write"]}):
            self.assertEqual(self.post(browser, "/api/v1/tokens", wrong, csrf)[0], 400, wrong)
        status, text = self.post(browser, "/api/v1/tokens", {"name": "laptop", "scopes": ["submitter:read", "auditor:read"], "days": 1}, csrf)
        self.assertEqual(status, 201, text)
        made = json.loads(text)
        token = made["token"]
        self.assertEqual(self.with_token(token, "GET", "/api/v1/jobs").status, 200)
        self.assertEqual(self.with_token(token, "GET", "/api/v1/audit/entries").status, 200)
        self.assertEqual(self.with_token(token, "POST", "/api/v1/jobs", {}).status, 403)
        self.assertEqual(self.with_token(token, "POST", "/api/v1/tokens", {"name": "y", "scopes": ["submitter:read"]}).status, 403)
        secret = token.split("_", 2)[2]
        folder = pathlib.Path(self.cities.env[CITY.upper() + "_CONFIG"]).parent / "data"
        for file in folder.glob("state.db*"):
            self.assertNotIn(secret.encode(), file.read_bytes(), "the store keeps a digest alone")
        home = self.cities.folder / "token-home"
        file = self.cities.folder / "laptop.token"
        file.write_text(token)
        listed = json.loads(self.client(home, "--token-file", str(file), "--json", "token", "list"))["tokens"]
        self.assertEqual([(one["name"], one["revoked"]) for one in listed if one["id"] == made["id"]], [("laptop", False)])
        self.assertEqual(self.post(browser, "/api/v1/tokens/" + made["id"], {}, csrf, "DELETE")[0], 204)
        self.assertEqual(self.with_token(token, "GET", "/api/v1/jobs").status, 401)
        told = {entry["kind"]: entry for entry in self.entries("token-made") + self.entries("token-revoked")
                if entry.get("extra", {}).get("token") == made["id"]}
        self.assertEqual(set(told), {"token-made", "token-revoked"})

    def test_the_client_makes_lists_and_revokes_them(self):
        made = self.cities.ask(CITY, "AUDITOR", "token", "create", "nightly", "--scope", "auditor:read", "--days", "2")
        self.assertTrue(made["token"].startswith("hetao_"))
        self.assertEqual(self.with_token(made["token"], "GET", "/api/v1/audit/entries").status, 200)
        self.assertIn(made["id"], self.cities.hetao(CITY, "AUDITOR", "token", "list").stdout)
        self.cities.hetao(CITY, "SUBMITTER", "token", "revoke", made["id"], code=5)
        self.cities.hetao(CITY, "AUDITOR", "token", "revoke", made["id"])
        self.assertEqual(self.with_token(made["token"], "GET", "/api/v1/audit/entries").status, 401)

    # Events.

    def stream(self, browser, last_id=None, query=""):
        host = urllib.parse.urlsplit(self.url).netloc
        connection = http.client.HTTPSConnection(host, timeout=40, context=self.cities.tls)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies[host].items())}
        if last_id:
            headers["Last-Event-ID"] = last_id
        connection.request("GET", "/api/v1/events" + query, headers=headers)
        answer = connection.getresponse()
        self.addCleanup(connection.close)
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "text/event-stream"))
        return Events(answer)

    def test_a_console_follows_what_happens_and_what_it_missed(self):
        browser, _, _ = self.sign_in("hongkong", "mak")
        _, me = self.who(browser)
        events = self.stream(browser, query="?kinds=job,review")
        self.assertFalse(events.until("hello")["data"]["resumed"])
        # Long enough to be seen before it is over: a thing that changed twice between two looks is told once.
        task = {"executors": [{"image": "host/sleep", "command": ["sleep", "5"]}], "tags": {"purpose": "research"}, "name": "followed"}
        _, text = self.post(browser, "/api/v1/jobs", task, me["session"]["csrf"])
        job = json.loads(text)["id"]
        first = events.until("job", lambda data: data["id"] == job)
        self.assertEqual(first["data"]["name"], "followed")
        events.until("job", lambda data: data["id"] == job and data["state"] == "complete")
        again = self.stream(browser, first["id"], "?kinds=job")
        self.assertTrue(again.until("hello")["data"]["resumed"])
        again.until("job", lambda data: data["id"] == job and data["state"] == "complete")
        lost = self.stream(browser, "0123456789ab-7")
        self.assertFalse(lost.until("hello")["data"]["resumed"])
        lost.until("reset")
        # Another tenant's stream tells nothing of it.
        stranger, _, _ = self.sign_in("mainland", "li")
        theirs = self.stream(stranger, first["id"], "?kinds=job,ledger")
        self.assertTrue(theirs.until("hello")["data"]["resumed"])
        self.assertEqual(theirs.next()["event"], "ledger")
        self.post(browser, "/api/v1/sign-out", {}, me["session"]["csrf"])
        again.until("signed-out")

    def test_a_stream_says_that_it_lives(self):
        browser, _, _ = self.sign_in("hongkong", "chan")
        events = self.stream(browser, query="?kinds=dataset")
        started = time.monotonic()
        events.until("hello")
        while "comment" not in events.next():
            pass
        self.assertLess(time.monotonic() - started, 25)


if __name__ == "__main__":
    unittest.main()
