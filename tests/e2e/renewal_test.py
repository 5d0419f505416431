"""Sessions whose provider gives refresh tokens: they go on while it agrees, with what it says of the person now, and end when it doesn't."""

import json
import pathlib
import re
import unittest

import identity
from cities import CitiesTest, wait_until

MODULES = identity.modules()
CITY = "hongkong"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
STAFF, HEAD = {"tenant": "hku", "groups": ["staff"]}, {"tenant": "hku", "groups": ["staff", "dpo"]}
PEOPLE = {name: STAFF for name in ("mak", "chan", "wong", "lau", "ho", "lam", "yip")}


@unittest.skipUnless(MODULES, "needs node from 20 on and npm, and npm's registry (or its cache) for oidc-provider")
class Renewal(identity.SignsIn, CitiesTest):
    @classmethod
    def prepare(cls):
        cls.url = cls.cities.env[CITY.upper() + "_URL"]
        cls.config = pathlib.Path(cls.cities.env[CITY.upper() + "_CONFIG"])
        # What it says of somebody lasts five seconds. A public client: each refresh token counts once.
        cls.campus = identity.Provider(
            cls.cities.folder / "campus", MODULES, PEOPLE,
            [{"client_id": "console", "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token", DEVICE]}],
            [f"{cls.url}/api/v1/sign-in/campus/callback"], "ES256", claims_in_userinfo_alone=True, access_seconds=5)
        cls.addClassCleanup(cls.campus.stop)
        text = cls.config.read_text()
        cls.config.write_text(text.replace("auth:\n  issuers:", f"""auth:
  public_url: {cls.url}
  issuers:
    - name: campus
      issuer: {cls.campus.issuer}
      audience: https://hetao.test
      roles_claim: groups
      role_map: {{staff: [submitter], dpo: [reviewer, auditor]}}
      sign_in: {{client_id: console, title: Campus, device: true, scopes: [openid, profile, offline_access]}}"""))
        cls.cities.stop(CITY)
        cls.cities.start(CITY)

    def roles(self, browser):
        status, me = self.who(browser)
        return sorted(me["roles"]) if status == 200 else status

    def becomes(self, browser, roles):
        wait_until(lambda: self.roles(browser) == roles, f"the session has {roles}", lambda: str(self.roles(browser)))

    def entries(self, kind):
        return self.cities.ask(CITY, "AUDITOR", "audit", "search", "--kind", kind, "--limit", "200")["entries"]

    def reasons(self, kind, session):
        return [entry["reason"] for entry in self.entries(kind) if entry.get("extra", {}).get("session") == session]

    def test_what_the_provider_says_later_counts_again_and_again_also_after_a_restart(self):
        browser, _, _ = self.sign_in("campus", "mak")
        _, me = self.who(browser)
        self.campus.change(mak=HEAD)
        self.becomes(browser, ["auditor", "reviewer", "submitter"])
        # The new refresh token was kept, and outlives the gateway.
        self.cities.stop(CITY)
        self.cities.start(CITY)
        self.campus.change(mak=STAFF)
        self.becomes(browser, ["submitter"])
        _, later = self.who(browser)
        self.assertGreater(later["session"]["until"], me["session"]["until"])
        self.assertEqual(later["session"]["csrf"], me["session"]["csrf"], "it is the same session")
        self.assertEqual(self.reasons("sign-in", me["session"]["id"]).count("the provider says other roles"), 2)

    def test_who_is_known_no_more_is_signed_out(self):
        browser, _, _ = self.sign_in("campus", "chan")
        _, me = self.who(browser)
        self.assertEqual(me["roles"], ["submitter"])
        self.campus.change(chan=None)
        self.becomes(browser, 401)
        self.assertEqual(self.reasons("sign-out", me["session"]["id"]), ["the provider takes its refresh token back"])

    def test_who_has_no_role_any_more_or_another_tenant_is_signed_out(self):
        for groups, tenant in ([], "hku"), (["staff"], "hongkong-hub"):
            self.campus.change(wong=STAFF)
            browser, _, _ = self.sign_in("campus", "wong")
            self.assertEqual(self.roles(browser), ["submitter"])
            self.campus.change(wong={"tenant": tenant, "groups": groups})
            self.becomes(browser, 401)

    def test_a_token_that_names_a_lost_role_ends(self):
        self.campus.change(lau=HEAD)
        browser, _, _ = self.sign_in("campus", "lau")
        _, me = self.who(browser)
        status, text = self.post(browser, "/api/v1/tokens", {"name": "looks", "scopes": ["auditor:read"]}, me["session"]["csrf"])
        self.assertEqual(status, 201, text)
        bearer = {"Authorization": "Bearer " + json.loads(text)["token"]}
        self.assertEqual(self.cities.http(CITY, None, "GET", "/api/v1/audit/entries", None, bearer).status, 200)
        self.campus.change(lau=STAFF)
        self.becomes(browser, ["submitter"])
        self.assertEqual(self.cities.http(CITY, None, "GET", "/api/v1/audit/entries", None, bearer).status, 401)

    def test_a_terminal_stays_signed_in_for_as_long_as_the_provider_agrees(self):
        home = self.cities.folder / "terminal"
        self.sign_in_terminal(home, "ho")

        def roles():
            return sorted(json.loads(self.client(home, "--json", "whoami"))["roles"])

        self.assertEqual(roles(), ["submitter"])
        self.assertEqual(json.loads((home / "hetao/logins.json").read_text())[self.url]["until"], "")
        self.campus.change(ho=HEAD)
        wait_until(lambda: roles() == ["auditor", "reviewer", "submitter"], "the terminal has the new roles")
        self.campus.change(ho=None)
        wait_until(lambda: self.ended(home), "the terminal is signed out")

    def ended(self, home):
        try:
            self.client(home, "whoami", code=7)
        except AssertionError:
            return False
        return True

    def revoked(self):
        return int(self.campus.ask("/test/revoked")[1])

    def taken_back(self, outcome):
        text = self.cities.http(CITY, "OPERATOR", "GET", "/metrics").body.decode()
        found = re.search(r'^hetao_refresh_tokens_taken_back_total\{outcome="%s"\} (\d+)' % outcome, text, re.M)
        return int(found.group(1))

    def test_who_signs_out_has_the_provider_forget_the_refresh_token(self):
        before, counted = self.revoked(), self.taken_back("done")
        browser, _, _ = self.sign_in("campus", "lam")
        _, me = self.who(browser)
        status, text = self.post(browser, "/api/v1/sign-out", {}, me["session"]["csrf"])
        self.assertEqual(status, 200, text)
        self.assertTrue(json.loads(text)["provider_sign_out"].startswith(self.campus.issuer))
        wait_until(lambda: self.revoked() == before + 1, "the provider has revoked the grant")
        wait_until(lambda: self.taken_back("done") == counted + 1, "it is counted")
        # The same from a terminal, and of a session that its owner ends by its number.
        home = self.cities.folder / "leaves"
        self.sign_in_terminal(home, "lam")
        self.client(home, "logout")
        wait_until(lambda: self.revoked() == before + 2, "that of the terminal is revoked too")
        browser, _, _ = self.sign_in("campus", "lam")
        _, me = self.who(browser)
        status, text = self.post(browser, f"/api/v1/sessions/{me['session']['id']}", {}, me["session"]["csrf"], "DELETE")
        self.assertEqual(status, 204, text)
        wait_until(lambda: self.revoked() == before + 3, "and that of an ended session")

    def test_who_may_not_come_in_leaves_no_refresh_token_behind(self):
        before = self.revoked()
        self.campus.change(yip={"tenant": "hku", "groups": []})
        browser = self.browser()
        answer, _ = browser.request(f"{self.url}/api/v1/sign-in/campus")
        back, _ = browser.sign_in(answer.headers["Location"], "yip", self.url)
        answer, _ = browser.request(back)
        self.assertIn("sign_in=refused", answer.headers["Location"])
        wait_until(lambda: self.revoked() == before + 1, "the provider has revoked the grant")

    def test_a_provider_that_takes_nothing_back_keeps_nobody_signed_in(self):
        failed = self.taken_back("failed")
        browser, _, _ = self.sign_in("campus", "lam")
        _, me = self.who(browser)
        self.assertEqual(self.campus.ask("/test/deaf")[1], "true")
        self.addCleanup(self.campus.ask, "/test/deaf")
        status, text = self.post(browser, "/api/v1/sign-out", {}, me["session"]["csrf"])
        self.assertEqual(status, 200, text)
        self.assertEqual(self.who(browser)[0], 401)
        wait_until(lambda: self.taken_back("failed") == failed + 1, "it is counted")
        log = (self.cities.folder / CITY / "gateway.log").read_text()
        self.assert_words(log, "a refresh token was not taken back", "it answers 503")

    def test_the_cookie_outlives_the_longest_that_a_session_lasts_by_itself(self):
        browser = self.browser()
        answer, _ = browser.request(self.url + "/api/v1/sign-in/campus")
        back, _ = browser.sign_in(answer.headers["Location"], "mak", self.url)
        answer, _ = browser.request(back)
        session = next(line for line in answer.msg.get_all("Set-Cookie") if "hetao-session" in line)
        self.assertEqual(re.search(r"Max-Age=(\d+)", session).group(1), str(30 * 86_400))


if __name__ == "__main__":
    unittest.main(verbosity=2)
