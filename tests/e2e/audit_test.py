"""The two ledgers as an auditor meets them: cosigned by each other, checked by a verifier of its own, a gateway that is
rolled back, an operator who rewrites one book."""

import base64
import hashlib
import json
import pathlib
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import threading
import unittest

import tlog
from cities import PATIENTS, BIN, CitiesTest, python_job, wait_until

HANDBOOK = pathlib.Path(__file__).resolve().parents[2] / "deploy/handbook"
OTHER = {"shenzhen": "hongkong", "hongkong": "shenzhen"}
ROWS = "patient,size\n" + "".join(f"{i},{i % 7}\n" for i in range(40))


class Audit(CitiesTest):
    @classmethod
    def prepare(cls):
        cls.cities.register("shenzhen", "patients", ROWS, PATIENTS)
        cls.cities.env["job"] = cls.run_job()

    @staticmethod
    def held_job():
        return python_job(
            "open('/out/count.csv', 'w').write('n\\n40\\n')", zone="shenzhen",
            inputs=[{"url": "dataset:patients", "path": "/data/rows.csv"}],
            outputs=[{"path": "/out/count.csv", "url": "result:count.csv", "type": "FILE"}],
            tags={"purpose": "research", "output:count.csv": "aggregate"})

    @classmethod
    def run_job(cls):
        """A count that crosses back, after the reviews that it needs."""
        job = cls.cities.submit("hongkong", cls.held_job())

        def ended():
            for city in OTHER:
                for review in cls.cities.ask(city, "REVIEWER", "review", "list")["reviews"]:
                    cls.cities.hetao(city, "REVIEWER", "review", "approve", review["id"], "--reason", "counted")
            return cls.cities.job("hongkong", job)["final"]
        wait_until(ended, f"{job} ends")
        return job

    def ledger(self, city):
        return self.cities.folder / city / "data/ledger"

    def log(self, city, path):
        answer = self.cities.http(city, "AUDITOR", "GET", "/log/" + path)
        self.assertEqual(answer.status, 200, path)
        return answer.body

    def witness_key(self, city):
        """The first key of witness.vkey is that of the city's own witness."""
        return tlog.keys_of(self.ledger(city) / "witness.vkey")[0]

    def wait_cosigned(self, city):
        """The newest checkpoint, with the cosignature of the other side."""
        key = self.witness_key(OTHER[city])

        def newest():
            return tlog.Checkpoint(self.log(city, "checkpoint").decode())
        wait_until(lambda: newest().signed_by(key), f"{city}'s checkpoint is cosigned")
        return newest()

    # --- the log and its witness

    def test_the_published_log_holds_to_a_verifier_of_its_own(self):
        for city in OTHER:
            head = self.wait_cosigned(city)
            self.assertEqual(head.origin, "hetao/" + city)
            self.assertTrue(head.signed_by(tlog.keys_of(self.ledger(city) / "log.vkey")[0]))
            entries = tlog.entries_of(lambda path: self.log(city, path), head.size)
            self.assertEqual(tlog.root_of([tlog.leaf(entry) for entry in entries]), head.root)
            self.assertEqual([json.loads(entry)["sequence"] for entry in entries], list(range(head.size)))

    def test_tiles_have_the_types_and_caching_of_the_specification(self):
        self.wait_cosigned("shenzhen")
        head = self.cities.http("shenzhen", "AUDITOR", "GET", "/log/checkpoint")
        self.assertEqual(head.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertIn("no-cache", head.headers["Cache-Control"])
        size = tlog.Checkpoint(head.body.decode()).size
        for path in (f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}"):
            if size >= 256:
                path = path.partition(".p")[0]
            tile = self.cities.http("shenzhen", "AUDITOR", "GET", "/log/" + path)
            self.assertEqual(tile.headers["Content-Type"], "application/octet-stream", path)
            self.assertIn("immutable", tile.headers["Cache-Control"])
        for wrong in ("tile/0/0", "tile/00/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/64/000", "wal", "../state.db"):
            self.assertEqual(self.cities.http("shenzhen", "AUDITOR", "GET", "/log/" + wrong).status, 404, wrong)

    def test_each_ledger_holds_checkpoints_of_the_other(self):
        for city in OTHER:
            wait_until(lambda city=city: self.cities.ask(city, "AUDITOR", "audit", "search", "--kind", "checkpoint-seen")
                       ["entries"], f"{city} writes down what it has seen")
            entry = self.cities.ask(city, "AUDITOR", "audit", "search", "--kind", "checkpoint-seen")["entries"][0]
            seen = tlog.Checkpoint(entry["extra"]["checkpoint"])
            self.assertEqual(seen.origin, "hetao/" + OTHER[city])
            origin_hash = hashlib.sha256(seen.origin.encode()).hexdigest()
            pinned = tlog.keys_of(self.cities.folder / city / f"data/witness/{origin_hash}/log.vkey")
            self.assertTrue(any(seen.signed_by(key) for key in pinned))

    def test_the_witness_speaks_its_protocol_to_third_parties(self):
        head = self.wait_cosigned("hongkong")
        entries = tlog.entries_of(lambda path: self.log("hongkong", path), head.size)
        hashes = [tlog.leaf(entry) for entry in entries]
        key = self.cities.folder / "hongkong/data/keys/log.key"
        origin_hash = hashlib.sha256(b"hetao/hongkong").hexdigest()

        def ask(old, proof, note, prefix="/witness"):
            body = f"old {old}\n" + "".join(base64.b64encode(h).decode() + "\n" for h in proof) + "\n" + note
            return self.cities.http("shenzhen", None, "POST", prefix + "/add-checkpoint", body.encode())

        kept = self.cities.http("shenzhen", None, "GET", f"/witness/{origin_hash}/checkpoint")
        known = tlog.Checkpoint(kept.body.decode())
        witness = self.witness_key("shenzhen")
        self.assertTrue(known.signed_by(witness))
        self.assertEqual(known.origin, "hetao/hongkong")
        same = tlog.sign("hetao/hongkong", hashes[:known.size], key)
        for prefix in ("/witness", ""):
            answer = ask(known.size, [], same, prefix)
            self.assertEqual(answer.status, 200, answer.body)
            self.assertTrue(tlog.Checkpoint(same + answer.body.decode()).signed_by(witness))
        conflict = ask(known.size - 1, tlog.consistency(known.size - 1, hashes[:known.size]), same)
        self.assertEqual((conflict.status, conflict.body), (409, b"%d\n" % known.size))
        self.assertEqual(conflict.headers["Content-Type"], "text/x.tlog.size")
        self.assertEqual(ask(known.size + 1, [], same).status, 400)
        self.assertEqual(ask(known.size, [hashes[0]], same).status, 422)
        self.assertEqual(ask(0, [], tlog.sign("elsewhere", hashes, key)).status, 404)
        self.assertEqual(ask(known.size, [], re.sub(r" (\S{8})\S", r" \1A", same.replace("=", ""))).status, 400)
        forged = tlog.sign("hetao/hongkong", hashes[:known.size], self.cities.folder / "shenzhen/data/keys/log.key")
        self.assertEqual(ask(known.size, [], forged).status, 403)
        self.assertEqual(self.cities.http("shenzhen", None, "GET", f"/{'0' * 64}/checkpoint").status, 404)
        # Whoever can sign nothing of that log raises no alarm with all this.
        self.assertNotIn("alarm", self.witness("shenzhen")["peer_log"])

    def witness(self, city):
        return self.cities.ask(city, "OPERATOR", "audit", "witnesses")["witnesses"][0]

    # --- keys

    def test_openssl_alone_verifies_the_sm2_line(self):
        work = self.cities.folder / "sm2"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        self.wait_cosigned("shenzhen")
        (work / "checkpoint").write_bytes(self.log("shenzhen", "checkpoint"))
        (work / "sm2.vkey").write_bytes(self.log("shenzhen", "sm2.vkey"))
        script = commands_of("SM2 with `openssl` alone")
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=work, capture_output=True, text=True)
        self.assertIn("Signature Verified Successfully", done.stdout, done.stdout + done.stderr)
        text = (work / "checkpoint").read_text()
        (work / "checkpoint").write_text(text.replace("hetao/shenzhen\n", "hetao/shenzhem\n", 1))
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=work, capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)

    def test_a_key_is_changed_with_overlapping_signatures(self):
        before = tlog.keys_of(self.ledger("hongkong") / "log.vkey")
        self.cities.hetao("hongkong", "OPERATOR", "audit", "rotate-key", "begin", "--reason", "yearly")
        both = tlog.keys_of(self.ledger("hongkong") / "log.vkey")
        self.assertEqual(len(both), 2)
        head = self.wait_cosigned("hongkong")
        for key in both:
            self.assertTrue(head.signed_by(key), key.name)
        self.cities.hetao("hongkong", "OPERATOR", "audit", "rotate-key", "end", "--reason", "yearly")
        after = tlog.keys_of(self.ledger("hongkong") / "log.vkey")
        self.assertEqual([key.id for key in after], [both[1].id])
        head = self.wait_cosigned("hongkong")
        self.assertIsNone(head.signed_by(before[0]))
        self.assertTrue(head.signed_by(after[0]))
        self.assertNotIn("alarm", self.witness("shenzhen"))

    # --- search, evidence, people

    def search(self, city, *filters):
        return self.cities.ask(city, "AUDITOR", "audit", "search", *filters)["entries"]

    def test_search_finds_by_every_filter(self):
        job = self.cities.env["job"]
        departed = self.search("shenzhen", "--kind", "departed", "--job", job)
        self.assertTrue(departed)
        one = departed[0]
        self.assertRegex(one["time_local"], r"\+08:00$")
        same = [("--crossing", one["crossing"]), ("--digest", one["item_digest"]), ("--who", one["who"]),
                ("--bytes-min", one["item_bytes"], "--bytes-max", one["item_bytes"]), ("--peer", "hongkong"),
                ("--direction", "out"), ("--since", one["time"]), ("--tenant", "hku", "--user", "researcher")]
        for filters in same[:-1]:
            self.assertIn(one, self.search("shenzhen", "--kind", "departed", "--job", job, *filters), filters)
        self.assertTrue(self.search("shenzhen", "--dataset", "patients"))
        self.assertTrue(self.search("shenzhen", "--text", "counted"))
        self.assertEqual(self.search("shenzhen", "--job", job, "--peer", "macau"), [])
        pages, cursor = [], []
        while True:
            page = self.cities.ask("shenzhen", "AUDITOR", "audit", "search", "--kind", "decision", "--limit", "3", *cursor)
            pages += page["entries"]
            if "next_cursor" not in page:
                break
            cursor = ["--cursor", page["next_cursor"]]
        self.assertEqual(len({entry["sequence"] for entry in pages}), len(pages))
        self.assertEqual([e["sequence"] for e in pages], sorted((e["sequence"] for e in pages), reverse=True))

    def test_a_crossings_story_is_told_from_both_sides(self):
        one = self.search("shenzhen", "--kind", "departed", "--job", self.cities.env["job"])[0]

        def told():
            story = self.cities.ask("shenzhen", "AUDITOR", "audit", "show", "--crossing", one["crossing"])["entries"]
            return [(entry["region"], entry["kind"]) for entry in story]
        wait_until(lambda: ("hongkong", "arrived") in told(), "Hong Kong's book is known in Shenzhen", lambda: str(told()))
        words = told()
        self.assertLess(words.index(("shenzhen", "decision")), words.index(("shenzhen", "departed")))
        self.assertLess(words.index(("shenzhen", "departed")), words.index(("hongkong", "arrived")))

    def test_the_gateways_match_their_books_by_themselves(self):
        def agree():
            peer = self.cities.ask("hongkong", "AUDITOR", "audit", "reconcile")["peers"][0]
            return peer["complete"] and peer["agree"] and peer["matched"] > 0 and not peer["under_way"]
        wait_until(agree, "the books agree", lambda: str(self.cities.ask("hongkong", "AUDITOR", "audit", "reconcile")))

    def test_evidence_holds_offline_and_names_what_does_not(self):
        work = self.cities.folder / "evidence"
        work.mkdir(exist_ok=True)
        self.wait_cosigned("shenzhen")
        path = work / "job.evidence"
        self.cities.hetao("shenzhen", "AUDITOR", "audit", "export", "--job", self.cities.env["job"], "-o", path)
        trust = work / "trust.policy"
        log = (self.ledger("shenzhen") / "log.vkey").read_text().strip()
        witness = (self.ledger("hongkong") / "witness.vkey").read_text().splitlines()[0]
        trust.write_text(f"log {log}\nwitness hongkong {witness}\nquorum hongkong\n")
        shown = json.loads(self.cities.hetao("shenzhen", None, "--json", "audit", "verify", path, "--policy", trust).stdout)
        self.assertTrue(shown["keys_pinned"])
        self.assertEqual(shown["cosignatures"], ["hetao/hongkong/witness"])
        self.assertTrue(any(name.startswith("policy/") for name in shown["attachments"]), shown)
        lines = path.read_text().splitlines()
        attached = json.loads(next(line for line in lines if '"name":"policy/' in line))
        self.assertEqual(hashlib.sha256(attached["text"].encode()).hexdigest(), attached["name"][len("policy/"):])
        self.cities.hetao("shenzhen", None, "audit", "verify", self.ledger("shenzhen"), "--policy", trust)
        # Every kind of damage ends with exit 6 and one clear line.
        entry = next(i for i, line in enumerate(lines) if line.startswith('{"entry"'))
        proof = json.loads(lines[entry])["proof"][0]
        damage = {
            "line %d" % (entry + 1): lines[:entry] + [lines[entry].replace("job-state", "job-stale", 1).replace("decision", "decisiom", 1)] + lines[entry + 1:],
            "cut": lines[:-1],
            "taken out": lines[:entry] + lines[entry + 1:],
            "line %d, entry" % (entry + 1): lines[:entry] + [lines[entry].replace(proof, proof[:9] + ("A" if proof[9] != "A" else "B") + proof[10:])] + lines[entry + 1:],
        }
        for word, spoilt in damage.items():
            bad = work / "bad.evidence"
            bad.write_text("\n".join(spoilt) + "\n")
            done = self.cities.hetao("shenzhen", None, "audit", "verify", bad, "--policy", trust, code=6)
            self.assert_one_error_line(done)
            self.assertIn(word, done.stderr)
        for garbage in (b"", b"\0" * 1000, b"{}\n", bytes(range(256)) * 50):
            (work / "garbage").write_bytes(garbage)
            self.assert_one_error_line(self.cities.hetao("shenzhen", None, "audit", "verify", work / "garbage", code=6))

    def test_evidence_is_unpacked_into_the_forms_of_other_tools(self):
        work = self.cities.folder / "unpacked"
        self.wait_cosigned("shenzhen")
        evidence = self.cities.folder / "to-unpack.evidence"
        self.cities.hetao("shenzhen", "AUDITOR", "audit", "export", "--job", self.cities.env["job"], "-o", evidence)
        keys = self.ledger("shenzhen") / "log.vkey"
        self.cities.hetao("shenzhen", None, "audit", "unpack", evidence, "-o", work, "--keys", keys)
        proofs = sorted(work.glob("*.tlog-proof"))
        self.assertEqual(len(proofs), evidence.read_text().count('{"entry":'))
        key = tlog.keys_of(keys)[0]
        for path in proofs:
            proof = tlog.Proof(path.read_text())
            self.assertEqual(proof.index, int(path.stem))
            self.assertTrue(proof.checkpoint.signed_by(key))
            self.assertEqual(proof.root(path.with_suffix(".entry").read_bytes()), proof.checkpoint.root)
        for policy in (work / "policy").iterdir():
            self.assertEqual(hashlib.sha256(policy.read_bytes()).hexdigest(), policy.name)
        self.cities.hetao("shenzhen", None, "audit", "verify", work / "checkpoint", "--keys", work / "log.vkey")
        self.cities.hetao("shenzhen", None, "audit", "verify", proofs[0], "--entry", proofs[0].with_suffix(".entry"), "--keys", keys)
        # Nothing is written from what does not hold, nor among other files.
        bad = self.cities.folder / "cut.evidence"
        bad.write_text(evidence.read_text()[:-10])
        self.cities.hetao("shenzhen", None, "audit", "unpack", bad, "-o", work / "none", code=6)
        self.assertFalse((work / "none").exists())
        self.cities.hetao("shenzhen", None, "audit", "unpack", evidence, "-o", work, code=2)

    def test_a_proof_of_one_entry_holds_by_itself(self):
        work = self.cities.folder / "proof"
        work.mkdir(exist_ok=True)
        answer = self.cities.http("shenzhen", "AUDITOR", "GET", "/api/v1/audit/entries/3").json()
        (work / "entry").write_text(answer["text"])
        (work / "entry.tlog-proof").write_text(answer["proof"]["tlog_proof"])
        keys = self.ledger("shenzhen") / "log.vkey"
        self.cities.hetao("shenzhen", None, "audit", "verify", work / "entry.tlog-proof", "--entry", work / "entry", "--keys", keys)
        (work / "entry").write_text(answer["text"].replace("shenzhen", "shenzhem", 1))
        self.cities.hetao("shenzhen", None, "audit", "verify", work / "entry.tlog-proof", "--entry", work / "entry", "--keys", keys,
                          code=6)

    def test_no_name_of_a_person_is_in_the_ledger(self):
        for city in OTHER:
            def published(city=city):
                size = self.wait_cosigned(city).size
                return b"".join(tlog.entries_of(lambda path: self.log(city, path), size)).decode()
            people = self.cities.ask(city, "AUDITOR", "audit", "person", "list")["people"]
            # Who looks is a person of the ledger too, and the checkpoint follows the entry.
            def all_are_published(people=people, published=published):
                text = published()
                return all(one["commitment"] in text for one in people)
            wait_until(all_are_published, f"{city} publishes the people it knows")
            text = published()
            for one in people:
                self.assertIn(one["commitment"], text)
                who = self.cities.ask(city, "AUDITOR", "audit", "person", "show", one["name"], "--reason", "test")
                self.assertNotIn(f'{who["tenant"]}/{who["user"]}', text)
            self.assertTrue(self.search(city, "--kind", "audit-access", "--text", "test"))

    def test_no_name_of_a_person_is_in_any_file_of_a_gateway(self):
        """Names stand sealed in the register alone, so that destroying a person's key erases the name everywhere."""
        name = "wilhelmina.o.hu"
        self.issue_token("WILHELMINA", name)
        job = self.cities.hetao("hongkong", "WILHELMINA", "submit", "-", stdin=json.dumps(python_job("print(1)", zone="shenzhen"))).stdout.strip()
        wait_until(lambda: self.cities.job("hongkong", job)["final"], f"{job} ends")
        self.assertEqual(self.cities.job("hongkong", job)["user"], name, "her own tenant sees it")
        seen = json.loads(self.cities.hetao("hongkong", "AUDITOR", "--json", "job", "show", job).stdout)["user"]
        self.assertRegex(seen, "^u-[0-9a-f]{16}$")
        for city in OTHER:
            for path in (self.cities.folder / city / "data").rglob("*"):
                if path.is_file():
                    self.assertNotIn(name.encode(), path.read_bytes(), path)

    def test_a_legal_hold_keeps_the_names_of_a_jobs_people_until_it_is_lifted(self):
        def auditor(*words, code=0):
            return self.cities.hetao("hongkong", "AUDITOR", "audit", *words, code=code)

        def held():
            people = self.cities.ask("hongkong", "AUDITOR", "audit", "person", "list")["people"]
            return {one["name"]: one["hold"] for one in people if "hold" in one}
        auditor("hold", "place", "HCA 12/2026", "--job", self.cities.env["job"], "--reason", "discovery")
        self.assertIn("HCA 12/2026: discovery", held().values())
        name = next(name for name in held() if name.startswith("hku/"))
        refused = auditor("person", "erase", name, "--reason", "asked for it", code=3)
        self.assertIn("legal hold forbids it: HCA 12/2026", refused.stderr)
        # Another matter about the same person: the end of one is not the end of both.
        auditor("hold", "place", "tender", "--tenant", "hku", "--reason", "complaint")
        auditor("hold", "place", "tender", "--everybody", "--reason", "again", code=2)
        auditor("hold", "lift", "HCA 12/2026", "--reason", "settled")
        self.assertEqual(held()[name], "tender: complaint")
        self.assertIn("legal hold", auditor("person", "erase", name, "--reason", "asked for it", code=3).stderr)
        auditor("hold", "lift", "tender", "--reason", "settled")
        # The period still runs.
        self.assertIn("retention period", auditor("person", "erase", name, "--reason", "asked for it", code=3).stderr)
        auditor("hold", "place", "nobody", "--reason", "x", code=2)
        auditor("hold", "place", "nobody", "--job", "j-unknown", "--reason", "x", code=5)
        auditor("hold", "lift", "tender", "--reason", "x", code=5)
        acts = [entry.get("extra", {}).get("act", "") for entry in self.search("hongkong", "--kind", "admin")]
        self.assertEqual([act for act in acts if act.startswith("hold-")][:4],
                         ["hold-lifted", "hold-lifted", "hold-placed", "hold-placed"])

    def issue_token(self, role, user):
        """For a submitter of hku in Hong Kong; `role` is what hetao() calls them."""
        issued = self.cities.hetao(
            "hongkong", None, "token", "issue", "--key", self.cities.folder / "pki/hongkong/token.key", "--issuer",
            "https://login.hongkong.demo", "--audience", "hetao", "--user", user, "--tenant", "hku", "--role", "submitter")
        self.cities.env["HONGKONG_TOKEN_" + role] = issued.stdout.strip()

    def newcomer(self, name):
        """Somebody of hku who has just come for the first time: the ledger's name for them."""
        self.issue_token(name.upper(), name)
        before = {one["name"] for one in self.cities.ask("hongkong", "AUDITOR", "audit", "person", "list")["people"]}
        self.cities.hetao("hongkong", name.upper(), "jobs")
        after = {one["name"] for one in self.cities.ask("hongkong", "AUDITOR", "audit", "person", "list")["people"]}
        return (after - before).pop()

    def test_the_page_on_retention_says_what_happens(self):
        page = (HANDBOOK / "retention.md").read_text()
        names = {"hku/u-3f9a0c11d2e4b5a6": self.newcomer("edward"), "szu/u-77aa01c3d4e5f601": self.newcomer("fiona"),
                 "JOB": self.cities.env["job"]}
        lines = [line for block in re.findall(r"(?ms)^```sh\n(.*?)^```$", page) for line in block.splitlines()]
        self.assertGreater(len(lines), 7)
        for line in lines:
            words = [names.get(word, word) for word in shlex.split(line, comments=True)]
            self.assertEqual(words[0], "hetao")
            is_refused = words[2:4] == ["person", "erase"]  # a period runs
            self.cities.hetao("hongkong", "AUDITOR", *words[1:], code=3 if is_refused else 0)
        kept = self.cities.ask("hongkong", "AUDITOR", "audit", "person", "list")
        self.assertEqual(kept["retention"], {"crossing": "1095d", "work": "1095d", "access": "1095d"})
        states = {one["name"]: one["state"] for one in kept["people"]}
        self.assertEqual(states[names["hku/u-3f9a0c11d2e4b5a6"]], "restricted")
        for matter in ("tender", "inquiry"):
            self.cities.hetao("hongkong", "AUDITOR", "audit", "hold", "lift", matter, "--reason", "over")

    def test_a_person_with_accounts_on_both_sides_does_not_review_their_own_job(self):
        city = next(city for city in OTHER if self.search(city, "--kind", "review", "--job", self.cities.env["job"]))
        review = self.search(city, "--kind", "review", "--job", self.cities.env["job"])[0]
        submitter = self.search(city, "--kind", "decision", "--crossing", review["crossing"])[0]["who"]

        def note(word):
            self.cities.hetao(city, "AUDITOR", "audit", "person", word, review["who"], submitter, "--reason", "staff list")
        note("same")
        try:
            job = self.cities.submit("hongkong", self.held_job())

            def opened():
                for review in self.cities.ask(OTHER[city], "REVIEWER", "review", "list")["reviews"]:
                    self.cities.hetao(OTHER[city], "REVIEWER", "review", "approve", review["id"], "--reason", "counted")
                return [one["id"] for one in self.cities.ask(city, "REVIEWER", "review", "list")["reviews"]]
            wait_until(opened, "a review is open", lambda: str(self.cities.ask("hongkong", "SUBMITTER", "job", "show", job)))
            mine = opened()[0]
            refused = self.cities.hetao(city, "REVIEWER", "review", "approve", mine, "--reason", "mine", code=7)
            self.assertIn("another account", refused.stderr)
        finally:
            note("apart")
        self.cities.hetao(city, "REVIEWER", "review", "approve", mine, "--reason", "checked")

    def test_a_statement_is_signed_by_the_ledgers_key(self):
        work = self.cities.folder / "statement"
        work.mkdir(exist_ok=True)
        month = self.search("shenzhen", "--limit", "1")[0]["time_local"][:7]
        self.cities.hetao("shenzhen", "AUDITOR", "audit", "statement", "--tenant", "hku", "--month", month, "-o", work / "hku")
        keys = self.ledger("shenzhen") / "log.vkey"
        self.cities.hetao("shenzhen", None, "audit", "verify", work / "hku", "--keys", keys)
        text = (work / "hku").read_text()
        (work / "hku").write_text(re.sub(r"departed-bytes \d+", "departed-bytes 7", text))
        self.cities.hetao("shenzhen", None, "audit", "verify", work / "hku", "--keys", keys, code=6)

    def test_any_flipped_bit_of_any_ledger_file_is_found(self):
        """A sample here; the unit tests flip every bit of every file."""
        copy = self.cities.folder / "flip"
        shutil.rmtree(copy, ignore_errors=True)
        self.wait_cosigned("hongkong")
        shutil.copytree(self.ledger("hongkong"), copy, ignore=shutil.ignore_patterns(".new-*"))
        self.cities.hetao("hongkong", None, "audit", "verify", copy)
        for path in sorted(p for p in copy.rglob("*") if p.is_file()):
            whole = path.read_bytes()
            for at in {0, len(whole) // 2, len(whole) - 1}:
                path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:])
                done = self.cities.hetao("hongkong", None, "audit", "verify", copy, code=None)
                tail_of_wal = path.name == "wal" and at == len(whole) - 1
                if not tail_of_wal:  # damage to the last group looks like a torn write: it is cut, and the checkpoint holds
                    self.assertEqual(done.returncode, 6, f"{path}, byte {at}: {done.stdout}{done.stderr}")
                    self.assert_one_error_line(done)
            path.write_bytes(whole)

    # --- others' systems

    def test_entries_reach_a_monitoring_system_once_it_listens_and_over_a_restart(self):
        listener = Listener(self.cities.folder / "pki/hongkong")
        config = pathlib.Path(self.cities.env["HONGKONG_CONFIG"])
        with config.open("a") as file:
            file.write(f'ledger: {{forward: [{{name: siem, address: "localhost:{listener.port}", ca: ../pki/hongkong/ca.crt}}]}}\n')
        self.cities.stop("hongkong")
        self.cities.start("hongkong")
        size = self.wait_cosigned("hongkong").size
        listener.start()
        wait_until(lambda: listener.indexes() >= set(range(size)), "all entries have come", lambda: str(len(listener.frames)))
        self.cities.stop("hongkong")
        before = len(listener.frames)
        self.cities.start("hongkong")
        size = self.wait_cosigned("hongkong").size
        wait_until(lambda: listener.indexes() >= set(range(size)), "the newest have come")
        self.assertLess(len(listener.frames) - before, size, "a restart does not begin from the start")
        frame = next(f for f in listener.frames if " departed " in f or " arrived " in f)
        self.assertRegex(frame, r'^<10[89]>1 \S+Z hongkong\.gw-1 hetao - (departed|arrived) \[hetao@32473 origin="hetao/hongkong" index="\d+" leaf="[0-9a-f]{64}"')
        event = json.loads(frame[frame.index("\ufeff") + 1:])
        self.assertEqual(event["class_uid"], 6006)
        entry = self.cities.http("hongkong", "AUDITOR", "GET", f'/api/v1/audit/entries/{event["unmapped"]["log_index"]}').json()
        self.assertEqual(tlog.leaf(entry["text"].encode()).hex(), event["unmapped"]["leaf_hash"])
        listener.stop()

    # --- dishonest operators

    def test_an_operator_who_rewrites_one_book_is_found(self):
        copies = {}
        for city in OTHER:
            self.wait_cosigned(city)
            copies[city] = self.cities.folder / f"copy-{city}"
            # The gateway goes on meanwhile: what it is writing (.new-…) is gone again before it can be copied.
            shutil.copytree(self.ledger(city), copies[city], ignore=shutil.ignore_patterns("wal", "signing", ".new-*"))
        agree = self.cities.hetao("hongkong", None, "audit", "reconcile", copies["shenzhen"], copies["hongkong"])
        self.assert_words(agree.stdout, "the books agree")
        # Shenzhen's operator has the key of the log: the forged book is whole and signed.
        size = tlog.Checkpoint((copies["shenzhen"] / "checkpoint").read_text()).size
        entries = tlog.entries_of(lambda path: (copies["shenzhen"] / path).read_bytes(), size)
        at = next(i for i, entry in enumerate(entries) if b'"kind":"departed"' in entry)
        digest = json.loads(entries[at])["item_digest"]
        entries[at] = entries[at].replace(digest.encode(), digest[:-2].encode() + b"00")
        shutil.rmtree(copies["shenzhen"] / "tile")
        tlog.write_log(copies["shenzhen"], "hetao/shenzhen", entries, self.cities.folder / "shenzhen/data/keys/log.key")
        self.cities.hetao("hongkong", None, "audit", "verify", copies["shenzhen"])
        found = self.cities.hetao("hongkong", None, "--json", "audit", "reconcile", copies["shenzhen"],
                                  copies["hongkong"], code=6)
        report = json.loads(found.stdout)
        self.assertEqual([one["finding"] for one in report["mismatches"]], ["altered"])
        self.assertEqual(report["mismatches"][0]["departed"]["sequence"], at)
        # And no witness has ever seen that history.
        self.cities.hetao("hongkong", None, "audit", "verify", copies["shenzhen"], "--witnesses", "1", code=6)

    def test_a_gateway_that_is_rolled_back_refuses_to_append_until_an_operator_answers(self):
        data, old = self.cities.folder / "shenzhen/data", self.cities.folder / "old-data"
        self.wait_cosigned("shenzhen")
        self.cities.stop("shenzhen")
        shutil.copytree(data, old)
        self.cities.start("shenzhen")
        self.run_job()
        seen = self.wait_cosigned("shenzhen").size
        self.cities.stop("shenzhen")
        newest = self.cities.folder / "newest-data"
        data.rename(newest)
        old.rename(data)
        kept = (data / "ledger/checkpoint").read_text()
        config = self.cities.env["SHENZHEN_CONFIG"]
        done = subprocess.run([BIN / "hetao-gateway", "--config", config], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertRegex(done.stderr, f"rolled back: the witness has seen {seen} entries")
        self.assertEqual((data / "ledger/checkpoint").read_text(), kept, "something was appended")
        # The other side has an alarm, in its status, metrics and ledger, and releases nothing to Shenzhen.
        view = self.witness("hongkong")
        self.assertIn("rolled-back", view["peer_log"]["alarm"])
        self.assertIn("an operator answers", view["held"])
        metrics = self.cities.http("hongkong", "OPERATOR", "GET", "/metrics").body.decode()
        self.assertIn('hetao_witness_alarm{witness="shenzhen",ledger="peer"} 1', metrics)
        refused = self.cities.ask("hongkong", "AUDITOR", "audit", "search", "--kind", "fork-refused")["entries"][0]
        self.assertEqual(refused["extra"]["alarm"], "rolled-back")
        self.assertEqual(tlog.Checkpoint(refused["extra"]["cosigned"]).size, seen)
        # The way out is an act of the other side's operator, and it is written down.
        self.cities.hetao("hongkong", "SUBMITTER", "audit", "resolve", "shenzhen", "--reason", "x", code=7)
        self.cities.hetao("hongkong", "OPERATOR", "audit", "resolve", "shenzhen", "--reason", "their disk was lost")
        act = self.cities.ask("hongkong", "AUDITOR", "audit", "search", "--kind", "admin")["entries"][0]
        self.assertEqual((act["reason"], act["extra"]["act"]), ("their disk was lost", "witness-resolved"))
        # The newest copy turns up: that is better still, and needs no more answers.
        shutil.rmtree(data)
        newest.rename(data)
        self.cities.start("shenzhen")
        self.wait_cosigned("shenzhen")
        self.assertNotIn("alarm", self.witness("hongkong")["peer_log"])


class Listener(threading.Thread):
    """A collector of RFC 5425 frames."""

    def __init__(self, pki):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pki / "https.crt", pki / "https.key")
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.frames = []

    def run(self):
        self.socket.listen()
        while True:
            try:
                peer = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.take, args=(peer,), daemon=True).start()

    def take(self, peer):
        try:
            with self.context.wrap_socket(peer, server_side=True) as tls:
                rest = b""
                while piece := tls.recv(65536):
                    rest += piece
                    while (space := rest.find(b" ")) > 0 and len(rest) >= space + 1 + int(rest[:space]):
                        length = int(rest[:space])
                        self.frames.append(rest[space + 1:space + 1 + length].decode())
                        rest = rest[space + 1 + length:]
        except OSError:
            return

    def indexes(self):
        return {int(re.search(r'index="(\d+)"', frame)[1]) for frame in list(self.frames)}

    def stop(self):
        self.socket.close()


def commands_of(heading):
    """The first block of commands below that heading of the auditors' handbook page: what is written there is what runs."""
    page = (HANDBOOK / "auditors.md").read_text()
    below = page.partition("## " + heading)[2]
    return re.search(r"```sh\n(.*?)```", below, re.S)[1]


if __name__ == "__main__":
    unittest.main()
