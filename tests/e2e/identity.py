"""An identity provider for tests (oidc-provider from npm) and a browser that signs in there."""

import hashlib
import html
import http.client
import http.cookies
import json
import os
import pathlib
import re
import shutil
import subprocess
import urllib.parse

from cities import BIN

HERE = pathlib.Path(__file__).resolve().parent
INSTALL_PATIENCE_S = 240


def modules():
    """The provider's packages, as oidc/package-lock.json names them, in a cache outside the tree; None: can't be had."""
    if not shutil.which("node") or not shutil.which("npm"):
        return None
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip().lstrip("v").split(".")[0]) < 20:
        return None
    lock = (HERE / "oidc/package-lock.json").read_bytes()
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = cache / "hetao-tests" / f"oidc-{hashlib.sha256(lock).hexdigest()[:16]}"
    if (folder / "complete").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "oidc" / name, folder)
    try:
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, capture_output=True,
                              text=True, timeout=INSTALL_PATIENCE_S)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        return None
    (folder / "complete").touch()
    return folder


class Provider:
    """One provider on loopback: `people` by name, their claims; `clients` as oidc-provider wants them."""

    def __init__(self, folder, packages, people, clients, redirect_uris, algorithm="ES256", ca=None, **more):
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "provider.json"
        config.write_text(json.dumps({"modules": str(packages), "people": people, "clients": clients, "algorithm": algorithm,
                                      "redirect_uris": redirect_uris, "audience": "https://hetao.test", **more}))
        self.log = (folder / "provider.log").open("wb")
        self.process = subprocess.Popen(["node", HERE / "oidc/provider.mjs", config], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log,
                                        env=dict(os.environ, **({"NODE_EXTRA_CA_CERTS": str(ca)} if ca else {})))
        self.port = int(self.process.stdout.readline() or 0)
        if not self.port:
            raise RuntimeError((folder / "provider.log").read_text())
        self.issuer = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
        self.log.close()

    def ask(self, path, form=None, authorization=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if authorization:
            headers["Authorization"] = authorization
        body = None if form is None else urllib.parse.urlencode(form)
        connection.request("GET" if form is None else "POST", path, body, headers)
        answer = connection.getresponse()
        status, text = answer.status, answer.read().decode()
        connection.close()
        return status, text

    def client_token(self, name, secret):
        import base64
        basic = base64.b64encode(f"{name}:{secret}".encode()).decode()
        status, text = self.ask("/token", {"grant_type": "client_credentials"}, "Basic " + basic)
        assert status == 200, text
        return json.loads(text)["access_token"]

    def rotate(self):
        assert self.ask("/test/rotate")[0] == 200

    def change(self, **people):
        """Other claims of somebody from now on; None: the provider knows that person no more."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", "/test/people", json.dumps(people))
        assert connection.getresponse().read() == b"changed\n"
        connection.close()


class SignsIn:
    """For tests of cities (CitiesTest) whose people come through a provider: `url` of the gateway, `cities`."""

    def browser(self):
        return Browser(self.cities.tls)

    def sign_in(self, provider, person, return_to="/console/"):
        browser = self.browser()
        start = f"{self.url}/api/v1/sign-in/{provider}?return_to={urllib.parse.quote(return_to)}"
        answer, _ = browser.request(start)
        self.assertEqual(answer.status, 303)
        back, _ = browser.sign_in(answer.headers["Location"], person, self.url)
        answer, _ = browser.request(back)
        self.assertEqual(answer.status, 303)
        return browser, answer.headers["Location"], back

    def who(self, browser):
        answer, text = browser.request(self.url + "/api/v1/whoami")
        return answer.status, json.loads(text)

    def post(self, browser, path, body, csrf=None, method="POST"):
        headers = {"Content-Type": "application/json"}
        if csrf:
            headers["X-Hetao-CSRF"] = csrf
        answer, text = browser.request(self.url + path, headers=headers, method=method, body=json.dumps(body))
        return answer.status, text

    def client(self, home, *words, code=0):
        env = dict(os.environ, HETAO_GATEWAY=self.url, HETAO_CA=self.cities.env["HETAO_CA"], XDG_CONFIG_HOME=str(home),
                   LANG="C.UTF-8")
        env.pop("HETAO_TOKEN", None)
        done = subprocess.run([BIN / "hetao", *words], env=env, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def sign_in_terminal(self, home, person, *words):
        """`hetao login`, and the person with a browser elsewhere."""
        env = dict(os.environ, HETAO_GATEWAY=self.url, HETAO_CA=self.cities.env["HETAO_CA"], XDG_CONFIG_HOME=str(home))
        env.pop("HETAO_TOKEN", None)
        waiting = subprocess.Popen([BIN / "hetao", "--json", "login", *words], env=env, stdout=subprocess.PIPE, text=True)
        start = json.loads(waiting.stdout.readline())
        browser = self.browser()
        _, page = browser.follow(start["verification_uri_complete"], self.url)
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
        answer, page = browser.request(re.search(r'action="([^"]+)"', page).group(1), {**fields, "confirm": "yes"})
        self.assertIn(answer.status, (302, 303), page)
        browser.sign_in(urllib.parse.urljoin(start["verification_uri"], answer.headers["Location"]), person, self.url)
        self.assertEqual(waiting.wait(60), 0)
        waiting.stdout.close()


class Browser:
    """Follows redirects, keeps cookies by host and port as a browser does for one of them, submits forms."""

    def __init__(self, tls):
        self.tls = tls
        self.cookies = {}  # of each host

    def request(self, url, form=None, headers=None, method=None, body=None):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(parts.netloc, timeout=60, context=self.tls)
        else:
            connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        sent = dict(headers or {})
        jar = self.cookies.setdefault(parts.netloc, {})
        if jar:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        if form is not None:
            body, sent["Content-Type"] = urllib.parse.urlencode(form), "application/x-www-form-urlencoded"
        target = parts.path + ("?" + parts.query if parts.query else "")
        connection.request(method or ("GET" if form is None else "POST"), target, body, sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        for line in answer.msg.get_all("Set-Cookie") or []:
            self.keep(jar, line)
        connection.close()
        return answer, text

    @staticmethod
    def keep(jar, line):
        for name, morsel in http.cookies.SimpleCookie(line).items():
            if morsel["max-age"] == "0" or not morsel.value:
                jar.pop(name, None)
            else:
                jar[name] = morsel.value

    def follow(self, url, stop):
        """To the page that needs a person, or to the address that begins with `stop`, which is not asked."""
        for _ in range(12):
            if url.startswith(stop):
                return url, None
            answer, text = self.request(url)
            if answer.status not in (301, 302, 303, 307):
                return url, text
            url = urllib.parse.urljoin(url, answer.headers["Location"])
        raise AssertionError("too many redirects")

    def sign_in(self, url, person, stop):
        """From the provider's first page to the address that it sends the browser back to."""
        url, page = self.follow(url, stop)
        while page is not None:
            action = re.search(r'<form[^>]*action="([^"]+)"', page)
            if not action:
                return url, page
            hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
            fields = {name: html.unescape(value) for name, value in hidden}
            if 'name="login"' in page:
                fields.update(login=person, password="any")
            answer, text = self.request(html.unescape(action.group(1)), fields)
            if answer.status in (302, 303):
                url, page = self.follow(urllib.parse.urljoin(url, answer.headers["Location"]), stop)
            else:
                page = text if text != page else None
                if page and "<form" not in page:
                    return url, page
        return url, None
