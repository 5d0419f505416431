"""The Helm chart, rendered as Helm does (render.go: Go's templates and sprig; helm itself is no Debian package) and judged:
every object has what its kind needs, everything that is referred to is there, the container's script does what it says."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy/helm/hetao-gateway"
GO = pathlib.Path("/usr/share/gocode/src")

REGION = {"config": {"region": "shenzhen", "jurisdiction": "CN", "shared_dir": "/srv/hetao/shared",
                     "store": {"postgresql": "postgresql://hetao@db.example/hetao"},
                     "https": {"certificate": "pki/https.crt", "key": "pki/https.key"}}}
# What the API server asks of each kind, beside apiVersion, kind and metadata.name.
NEEDED = {"ConfigMap": ["data"], "Service": ["spec.ports", "spec.selector"],
          "NetworkPolicy": ["spec.podSelector", "spec.policyTypes"], "PodDisruptionBudget": ["spec.selector", "spec.maxUnavailable"],
          "StatefulSet": ["spec.selector.matchLabels", "spec.serviceName", "spec.template.metadata.labels", "spec.template.spec.containers"]}


def at(value, path):
    for part in path.split("."):
        value = value[part]
    return value


@unittest.skipUnless(shutil.which("go") and (GO / "github.com/Masterminds/sprig").exists() and (GO / "gopkg.in/yaml.v3").exists(),
                     "Go, sprig or yaml.v3 is not installed (tests/helm/packages.txt)")
class Chart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="hetao-helm."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        env = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode", GOCACHE=str(cls.folder / "cache"), GOFLAGS="-p=1")
        subprocess.run(["go", "build", "-o", cls.folder / "render", ROOT / "tests/helm/render.go"], env=env, check=True)

    def render(self, values, version="v1.28.0", fails=False):
        path = self.folder / "values.yaml"
        path.write_text(yaml.safe_dump(values))
        done = subprocess.run([self.folder / "render", CHART, path, "trial", "hub", version], capture_output=True, text=True)
        self.assertEqual(done.returncode != 0, fails, done.stderr)
        return done.stderr if fails else [each for each in yaml.safe_load_all(done.stdout) if each]

    def one(self, objects, kind, name=None):
        found = [each for each in objects if each["kind"] == kind and (name is None or each["metadata"]["name"] == name)]
        self.assertEqual(len(found), 1, f"{kind} {name}")
        return found[0]

    def test_every_object_has_what_its_kind_needs(self):
        objects = self.render(REGION)
        self.assertEqual({each["kind"] for each in objects}, set(NEEDED))
        for each in objects:
            self.assertRegex(each["apiVersion"], r"^(v1|[a-z.0-9]+/v1)$")
            self.assertRegex(each["metadata"]["name"], r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")
            for path in NEEDED[each["kind"]]:
                self.assertTrue(at(each, path), f"{each['kind']} {path}")

    def test_everything_that_is_referred_to_is_there(self):
        objects = self.render(REGION)
        nodes = self.one(objects, "StatefulSet")
        labels = at(nodes, "spec.template.metadata.labels")
        selectors = [at(nodes, "spec.selector.matchLabels"), at(self.one(objects, "NetworkPolicy"), "spec.podSelector.matchLabels"),
                     at(self.one(objects, "PodDisruptionBudget"), "spec.selector.matchLabels")]
        services = [each for each in objects if each["kind"] == "Service"]
        for selector in selectors + [at(each, "spec.selector") for each in services]:
            self.assertLessEqual(selector.items(), labels.items())
        headless = self.one(objects, "Service", at(nodes, "spec.serviceName"))
        self.assertEqual(at(headless, "spec.clusterIP"), "None")
        pod = at(nodes, "spec.template.spec")
        container = pod["containers"][0]
        volumes = {each["name"] for each in pod["volumes"]} | {at(each, "metadata.name") for each in at(nodes, "spec.volumeClaimTemplates")}
        self.assertEqual({each["name"] for each in container["volumeMounts"]}, volumes)
        self.one(objects, "ConfigMap", next(each for each in pod["volumes"] if each["name"] == "config")["configMap"]["name"])
        ports = {each["name"] for each in container["ports"]}
        self.assertLessEqual({port["targetPort"] for each in services for port in at(each, "spec.ports")}, ports)
        self.assertIn(at(container, "readinessProbe.httpGet.port"), ports)

    def test_a_node_may_do_nothing_but_its_work(self):
        pod = at(self.one(self.render(REGION), "StatefulSet"), "spec.template.spec")
        self.assertTrue(pod["securityContext"]["runAsNonRoot"])
        self.assertFalse(pod["automountServiceAccountToken"])
        rights = pod["containers"][0]["securityContext"]
        self.assertEqual((rights["allowPrivilegeEscalation"], rights["readOnlyRootFilesystem"], rights["capabilities"]),
                         (False, True, {"drop": ["ALL"]}))

    def test_values_change_what_they_name(self):
        peers = self.render({**REGION, "networkPolicy": {"tunnelFrom": ["192.0.2.0/24"]}})
        self.assertIn({"ipBlock": {"cidr": "192.0.2.0/24"}}, at(self.one(peers, "NetworkPolicy"), "spec.ingress")[1]["from"])
        alone = self.render({**REGION, "replicas": 1, "networkPolicy": {"enabled": False}})
        self.assertEqual({each["kind"] for each in alone}, set(NEEDED) - {"NetworkPolicy", "PodDisruptionBudget"})
        old = self.one(self.render(REGION, "v1.20.2"), "PodDisruptionBudget")
        self.assertEqual(old["apiVersion"], "policy/v1beta1")
        self.assertIn("config: has to be", self.render({}, fails=True))

    def test_the_container_starts_the_gateway_with_its_own_part_of_the_configuration(self):
        objects = self.render(REGION)
        container = at(self.one(objects, "StatefulSet"), "spec.template.spec.containers")[0]
        root = self.folder / "root"
        for name, text in {"etc/hetao/gateway.yaml": at(self.one(objects, "ConfigMap"), "data")["gateway.yaml"], "etc/hetao/pki/https.key": "k",
                           "etc/hetao/ledger/log.key": "l", "etc/hetao/ledger/witness.key": "w",
                           "bin/hetao-gateway": "#!/bin/sh\ncat \"$2\"\n"}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (root / "bin/hetao-gateway").chmod(0o755)
        (root / "run").mkdir()
        (root / "var/lib").mkdir(parents=True)
        script = container["args"][0]
        for place in ("/run/hetao", "/etc/hetao", "/var/lib/hetao/keys"):
            script = script.replace(place, f"{root}{place}")
        node = {"NODE": "trial-0", "ADDRESS": "trial-0.nodes", "PATH": f"{root}/bin:/usr/bin:/bin"}
        said = subprocess.run([*container["command"], script], env=node, check=True, capture_output=True, text=True).stdout
        config = yaml.safe_load(said)
        self.assertLessEqual(REGION["config"].items(), config.items())
        self.assertEqual((config["name"], config["advertise"]["tunnel"]), ("trial-0", "trial-0.nodes:9443"))
        for key in ("run/hetao/pki/https.key", "var/lib/hetao/keys/log.key"):
            self.assertEqual((root / key).stat().st_mode & 0o077, 0, key)


if __name__ == "__main__":
    unittest.main()
