"""The commands of handbook pages, run as they stand against two gateways."""

import os
import pathlib
import re
import subprocess
import unittest

from cities import BIN, ROOT, CitiesTest


# Their commands are run by other suites.
ELSEWHERE = {"auditors.md", "inspection.md", "market.md", "retention.md", "usage.md",
             "backup.md", "install.md"}  # deploy/packages/try


class Handbook(CitiesTest):
    def folder_of(self, page):
        """An empty folder that has the repository's policies."""
        folder = self.cities.folder / page
        folder.mkdir()
        (folder / "policy").symlink_to(ROOT / "policy")
        return folder

    def blocks_of(self, page, kind):
        text = (ROOT / "deploy/handbook" / page).read_text()
        blocks = re.findall(rf"(?ms)^```{kind}\n(.*?)^```$", text)
        self.assertTrue(blocks, page)
        return blocks

    def run_in(self, folder, script):
        env = dict(os.environ, **self.cities.env, PATH=f"{BIN}:{os.environ['PATH']}", LANG="C.UTF-8")
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=env,
                              capture_output=True, text=True, timeout=240)
        self.assertEqual(done.returncode, 0, script + done.stdout[-4000:] + done.stderr[-2000:])
        return done.stdout

    def run_page(self, page):
        """Every block ```sh of a page, as one script."""
        return self.run_in(self.folder_of(page), "\n".join(self.blocks_of(page, "sh")))

    def compare_page(self, page):
        """Every block ```console of a page: commands behind `$ `, then what they say. A line `…` stands for any lines,
        and within a line for any text."""
        folder = self.folder_of(page)
        for block in self.blocks_of(page, "console"):
            for step in re.split(r"(?m)^\$ ", block)[1:]:
                command, _, expected = step.partition("\n")
                said = self.run_in(folder, command)
                lines = (r"(.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"
                         for line in expected.splitlines())
                self.assertRegex(said, r"\A" + "".join(lines) + r"\Z", f"{page}: {command}")

    def test_a_threshold_is_changed_as_the_page_says(self):
        self.compare_page("policy-change.md")

    def test_five_minutes_are_enough_in_three_languages(self):
        for page in ("five-minutes.md", "five-minutes.zh-Hans.md", "five-minutes.zh-Hant.md"):
            with self.subTest(page):
                self.assert_words(self.run_page(page), str(2**100))

    def test_a_researcher_does_as_the_page_says(self):
        self.assert_words(self.run_page("researchers.md"), "45")

    def test_owners_share_data_as_the_page_says(self):
        said = self.run_page("projects.md")
        self.assert_words(said, "granted by both: szu-buses", "made from dataset:szu-buses", "hku-delays", "closed")

    def test_a_reviewer_does_as_the_page_says(self):
        self.assert_words(self.run_page("reviewers.md"), "contacts.csv", "cn_resident_id", "the job ended without its result")

    def test_an_operator_does_as_the_page_says(self):
        self.assert_words(self.run_page("operators.md"), "hongkong", "hetao_ready 1")

    def test_no_page_has_commands_that_nobody_runs(self):
        tested = set(re.findall(r'"([\w.-]+\.md)"', pathlib.Path(__file__).read_text())) | ELSEWHERE
        for page in sorted((ROOT / "deploy/handbook").glob("*.md")):
            if re.search(r"(?m)^```sh$", page.read_text()):
                self.assertIn(page.name, tested)

    def test_a_policy_is_put_in_force_as_the_page_says(self):
        said = self.run_page("policy-life.md")
        self.assertRegex(said, r"(\d+) of \1 tests passed")
        self.assert_words(said, "forbid", "X1", "edition 7", "SC-2026-31",
                          "entries tell the same counters", "is in force")


if __name__ == "__main__":
    unittest.main()
