"""Keys that never leave a token (PKCS#11, here SoftHSM): the CA's and a gateway's, from the ceremony to a live tunnel."""

import os
import pathlib
import subprocess
import unittest

import town

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
ENGINE = pathlib.Path("/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so")


@unittest.skipUnless(pathlib.Path(MODULE).exists() and ENGINE.exists(), "needs softhsm2, opensc, libengine-pkcs11-openssl")
class Token(unittest.TestCase):
    def setUp(self):
        self.town = town.Town()
        self.addCleanup(self.town.down)
        self.folder = self.town.folder
        (self.folder / "tokens").mkdir()
        conf = self.folder / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.folder / 'tokens'}\nobjectstore.backend = file\n")
        os.environ["SOFTHSM2_CONF"] = str(conf)
        self.addCleanup(os.environ.pop, "SOFTHSM2_CONF")
        self.run_tool("softhsm2-util", "--init-token", "--free", "--label", "hetao", "--so-pin", "12345678", "--pin", "1234")
        (self.folder / "pin").write_text("1234")

    def run_tool(self, *words):
        subprocess.run(list(map(str, words)), check=True, capture_output=True)

    def key(self, label, number):
        """A key made in the token, and the file that names it."""
        self.run_tool("pkcs11-tool", "--module", MODULE, "--token-label", "hetao", "--login", "--pin", "1234",
                      "--keypairgen", "--key-type", "EC:prime256v1", "--label", label, "--id", number)
        file = self.folder / f"{label}.key"
        file.write_text(f"pkcs11:token=hetao;object={label};type=private?pin-source=file:{self.folder / 'pin'}"
                        f"&module-path={MODULE}\n")
        return file

    def test_ceremony_and_tunnel_with_keys_in_a_token(self):
        own = self.town.pki("shenzhen")
        ca = self.folder / "token-ca"
        self.town.certs("init", "--region", "shenzhen", "--dir", ca, "--key", self.key("ca", "01"))
        self.assertTrue((ca / "ca.key").read_text().startswith("pkcs11:"))
        self.town.certs("request", "--region", "shenzhen", "--name", "gw-1", "--key", self.key("gw-1", "02"),
                        "-o", self.folder / "gw-1")
        (own / "gw-1.crt").unlink()
        self.town.certs("sign", "--dir", ca, self.folder / "gw-1.csr", "-o", own / "gw-1.crt")
        (own / "gw-1.key").write_text((self.folder / "gw-1.key").read_text())
        (own / "crl.pem").write_bytes((ca / "crl.pem").read_bytes())
        (own / "ca.crt").write_bytes((ca / "ca.crt").read_bytes())
        self.town.up()
        self.assertTrue(self.town.hongkong.peer("shenzhen")["up"])
        self.town.certs("revoke", "--dir", ca)  # the list is signed in the token too
        wrong = self.folder / "wrong.key"
        wrong.write_text(f"pkcs11:token=hetao;object=nobody?pin-source=file:{self.folder / 'pin'}&module-path={MODULE}")
        done = subprocess.run([town.BIN / "hetao", "certs", "request", "--region", "shenzhen", "--name", "x", "--key", wrong,
                               "-o", self.folder / "x"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("key in a token", done.stderr)


if __name__ == "__main__":
    unittest.main()
