"""What a job prints is read before it leaves: an identity number in a log is held, shown masked, and stays."""

import json
import unittest

from cities import CitiesTest, python_job, wait_until

FLOWERS = {
    "data.grade": "general", "data.personal": "none", "data.collected_in": "hongkong", "data.subjects_ordinary": "0",
    "data.subjects_sensitive": "0", "genetic.data": "false", "hk.use": "same-purpose", "hk.processor_control": "true",
    "result.anonymity_assessed": "true",
}
NUMBER = "'A%d(3)' % (123455 + 1)"  # made by the program, so that it stands in no task


def job(code, name):
    return python_job(f"{code}; open('/out/count.csv', 'w').write('kind,n\\nall,150\\n')", zone="hongkong", name=name,
                      inputs=[{"url": "dataset:flowers", "path": "/data/flowers.csv"}],
                      outputs=[{"path": "/out/count.csv", "url": "result:count.csv", "type": "FILE"}],
                      tags={"purpose": "research", "output:count.csv": "aggregate"})


class Leaks(CitiesTest):
    @classmethod
    def prepare(cls):
        cls.cities.register("hongkong", "flowers", "kind,length\n0,5.1\n1,4.9\n", FLOWERS)

    def open_reviews(self):
        return self.cities.ask("hongkong", "REVIEWER", "review", "list")["reviews"]

    def held(self, code, name):
        id = self.cities.submit("shenzhen", job(code, name))
        review = self.cities.review("hongkong")
        text = self.cities.hetao("hongkong", "REVIEWER", "--json", "review", "show", review).stdout
        self.cities.hetao("hongkong", "REVIEWER", "review", "reject", review, "--reason", "a debug line names a person")
        wait_until(lambda: self.cities.job("shenzhen", id)["final"], f"{name} ends")
        return id, json.loads(text), text

    def test_a_log_that_names_one_identity_card_is_held_and_stays(self):
        id, review, text = self.held(f"print('rows 2'); print('debug: HKID of the operator is', {NUMBER})", "leak")
        self.assertEqual(review["crossing"]["item"]["kind"], "logs")
        found = review["evidence"]["findings"]
        self.assertEqual([(f["kind"], f["count"]) for f in found], [("hkid", 1)])
        self.assertIn("operator", found[0]["excerpts"][0])
        self.assertNotIn("123456", text)
        after = self.cities.ask("hongkong", "REVIEWER", "review", "show", review["id"])
        self.assertEqual((after["state"], after["crossing"]["state"]), ("rejected", "refused"), after)
        self.assertNotIn("123456", json.dumps(self.cities.job("shenzhen", id)))

    def test_the_same_number_in_base64_on_standard_error_is_held_too(self):
        code = ("import base64, sys; text = " + NUMBER + " + ' is the id of the operator, HKID'; "
                "sys.stderr.write('state ' + base64.b64encode(text.encode()).decode())")
        _, review, text = self.held(code, "leak-encoded")
        self.assertIn("hkid", [f["kind"] for f in review["evidence"]["findings"]])
        self.assertNotIn("123456", text)

    def test_a_log_without_any_goes_home(self):
        id = self.cities.submit("shenzhen", job("print('rows 2')", "harmless"))
        shown = self.cities.wait_state("shenzhen", id, "complete")
        self.assertIn("done", {each["state"] for each in shown["crossings"] if each["item"]["kind"] == "logs"}, shown)
        self.assertEqual(self.open_reviews(), [])


if __name__ == "__main__":
    unittest.main()
