"""What owners offer of their platforms: seen in both cities, taken by those it is made to, one after the other."""

import json
import unittest

from cities import CitiesTest, python_job, wait_until



class Offers(CitiesTest):
    def tearDown(self):
        for offer in self.offers("shenzhen"):
            if offer["region"] == "shenzhen":
                self.cities.hetao("shenzhen", "OPERATOR", "offers", "withdraw", offer["id"])

    def offers(self, city, role="OPERATOR"):
        return self.cities.ask(city, role, "offers", "list")["offers"]

    def publish(self, *more, code=0):
        return self.cities.hetao("shenzhen", "OPERATOR", "offers", "publish", "local", *more, code=code)

    def explain(self, city, job):
        said = self.cities.hetao(city, "SUBMITTER", "--json", "explain", "-", stdin=json.dumps(job), code=None)
        return json.loads(said.stdout)["candidates"][0]

    def test_an_offer_is_seen_in_both_cities_and_its_price_is_what_explain_says(self):
        self.publish("--count", "4", "--price", "1.25", "--currency", "HKD", "--for", "hku*", "--note", "nights")
        ours, = self.offers("shenzhen")
        self.assertEqual((ours["count"], ours["taken"], ours["price_hour"], ours["currency"], ours["tenants"]),
                         (4, 0, "1.25", "HKD", ["hku*"]))
        wait_until(lambda: self.offers("hongkong"), "Hong Kong hears of it")
        theirs, = self.offers("hongkong", "SUBMITTER")
        self.assertEqual((theirs["id"], theirs["region"], theirs["note"]), (ours["id"], "shenzhen", "nights"))
        self.assertNotIn("tenants", theirs)
        place = self.explain("hongkong", python_job("pass", zone="shenzhen"))
        self.assertEqual((place.get("offer"), place["cost"], place["currency"]), (ours["id"], "1.25", "HKD"))
        self.assert_words(self.cities.hetao("hongkong", "OPERATOR", "offers", "list").stdout, ours["id"], "1.25 HKD", "nights")

    def test_whom_it_is_not_made_to_is_told_in_explain_and_at_once(self):
        self.publish("--count", "4", "--for", "hku*")
        job = python_job("pass", zone="shenzhen")
        self.assertIn("is made to others", self.explain("shenzhen", job)["unfit"])
        told = self.cities.hetao("shenzhen", "SUBMITTER", "explain", "-", stdin=json.dumps(job), code=1)
        self.assert_words(told.stdout, "it can't run: ", "is made to others")
        refused = self.cities.hetao("shenzhen", "SUBMITTER", "submit", "-", stdin=json.dumps(job), code=1)
        self.assert_words(refused.stderr, "is made to others")
        self.assertEqual(self.offers("shenzhen", "SUBMITTER"), [])

    def test_jobs_take_their_place_one_after_the_other_and_the_books_say_so(self):
        self.publish("--count", "1")
        slow = python_job("import time; time.sleep(4)", zone="shenzhen", name="first")
        first = self.cities.submit("shenzhen", slow)
        wait_until(lambda: self.offers("shenzhen")[0]["taken"] == 1, "the first has its place")
        second = self.cities.submit("hongkong", python_job("print('mine')", zone="shenzhen", name="second"))
        wait_until(lambda: "waits for its turn" in self.cities.job("hongkong", second).get("reason", "") or
                   self.cities.job("hongkong", second)["final"], "the second waits")
        for city, job in (("shenzhen", first), ("hongkong", second)):
            wait_until(lambda: self.cities.job(city, job)["final"], f"{job} ends", lambda: json.dumps(self.cities.job(city, job)))
            self.assertEqual(self.cities.job(city, job)["state"], "complete", self.cities.job(city, job))
        self.assertEqual(self.offers("shenzhen")[0]["taken"], 0)
        entries = self.cities.ask("shenzhen", "AUDITOR", "audit", "search", "--kind", "reserved")["entries"]
        booked = [entry["entry"]["job"] if "entry" in entry else entry["job"] for entry in entries]
        self.assertLessEqual({first, second}, set(booked))

    def test_mistakes_and_strangers_are_told(self):
        self.assert_words(self.publish("--count", "0", code=2).stderr, "count")
        self.assert_words(self.cities.hetao("shenzhen", "OPERATOR", "offers", "publish", "cloud", "--count", "1", code=2).stderr,
                          "cloud", "is none of shenzhen")
        self.assert_words(self.publish("--count", "1", "--until", "2020-01-01T00:00:00Z", code=2).stderr, "until")
        self.assert_words(self.publish("--count", "1", "--price", "cheap", code=2).stderr, "price_hour")
        self.cities.hetao("shenzhen", "SUBMITTER", "offers", "publish", "local", "--count", "1", code=7)
        self.cities.hetao("shenzhen", "OPERATOR", "offers", "withdraw", "nothing", code=5)


if __name__ == "__main__":
    unittest.main()
