"""Three gateways: what came from Shenzhen to Hong Kong under the two cities' contract may not go on to Macao."""

import json
import unittest

from cities import PATIENTS, CitiesTest, python_job, wait_until

COPY = "open('/out/rows.csv', 'w').write(open('/data/in.csv').read())"


class ThirdRegion(CitiesTest):
    options = ("--third", "macao")

    @classmethod
    def prepare(cls):
        text = "age,dose\n" + "".join(f"{30 + i},{i % 7}\n" for i in range(40))
        cls.cities.register("shenzhen", "patients", text, PATIENTS)
        wait_until(lambda: cls.cities.hetao("macao", "SUBMITTER", "data", "show", "patients", code=None).returncode == 0,
                   "macao hears of the data")
        for city in ("shenzhen", "hongkong", "macao"):
            cls.cities.hetao(city, "POLICY_ADMIN", "mechanism", "file", "GBA-SC-1", "--kind", "gba-sc", "--exporter", "szu",
                             "--recipient", "hku", "--from", "2026-01-01", "--until", "2028-12-31")

    def job_on_the_data(self):
        return python_job(COPY, "hongkong", inputs=[{"url": "dataset:patients", "path": "/data/in.csv", "type": "FILE"}],
                          outputs=[{"path": "/out/rows.csv", "url": "result:rows.csv", "type": "FILE"}],
                          tags={"purpose": "research", "output:rows.csv": "result"})

    def test_everybody_sees_everybody(self):
        for city in ("shenzhen", "hongkong", "macao"):
            peers = self.cities.ask(city, "OPERATOR", "peers")["peers"]
            self.assertEqual(len(peers), 2, peers)
            self.assertTrue(all(peer["up"] for peer in peers), peers)

    def test_a_job_without_data_goes_round_the_third_city(self):
        job = self.cities.submit("macao", python_job("print(6 * 7)", "hongkong"))
        self.assertEqual(self.cities.wait_state("macao", job, "complete", "failed")["state"], "complete")

    def test_data_that_hong_kong_may_have_does_not_go_on_to_macao(self):
        # Hong Kong's own researcher may have it there: what a reviewer may still hold is the content, not the way.
        mine = self.cities.submit("hongkong", self.job_on_the_data())
        self.cities.wait_state("hongkong", mine, "complete", "held")
        onward = self.cities.hetao("macao", "SUBMITTER", "submit", "-", stdin=json.dumps(self.job_on_the_data()), code=3)
        self.assert_words(onward.stderr, "forbidden")
        self.assertNotIn("rows.csv", onward.stdout)
        booked = self.cities.ask("hongkong", "AUDITOR", "audit", "search", "--kind", "departed")["entries"]
        self.assertNotIn("macao", [entry.get("to") for entry in booked])


if __name__ == "__main__":
    unittest.main()
