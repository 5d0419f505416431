"""Other programs that move a file over loopback: what the tunnel is measured against, in the same run.

nginx with curl over mutual TLS 1.3 (AES-128-GCM), stunnel, scp. Each runs as a process of our own with a
configuration of its own in a folder of the run, on a port that the kernel gave, and is ended by its number.
Certificates are `hetao certs`' own, so that all do the same work in a handshake.
"""

import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import threading
import time

PACKAGES = ["curl", "nginx-light", "openssh-client", "openssh-server", "rsync", "stunnel4"]


def lacking():
    """Packages whose programs are not here."""
    programs = {"nginx": "nginx-light", "stunnel4": "stunnel4", "sshd": "openssh-server", "scp": "openssh-client",
                "rsync": "rsync", "curl": "curl"}  # fmt: skip
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    return sorted(package for program, package in programs.items() if not shutil.which(program, path=path))


def install(packages):
    if not packages or os.geteuid() != 0:
        return
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    # The packages start services of their own: the benchmark uses none of them.
    for service in ("nginx", "ssh", "stunnel4"):
        subprocess.run(["service", service, "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_port(port, host="127.0.0.1", seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection((host, port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"nothing listens on {host}:{port}")


class Folder:
    """The folder of a run: certificates, the file, and the processes that have to end with it."""

    def __init__(self, path, hetao, size, prefix=()):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        os.chmod(self.path, 0o755)
        self.size = size
        self.prefix = {"server": [], "client": []}
        self.processes = []
        for city in ("shenzhen", "hongkong"):
            pki = self.path / "pki" / city
            if not pki.exists():
                run = lambda *a: subprocess.run([hetao, "certs", *a], check=True, stdout=subprocess.DEVNULL)
                run("init", "--region", city, "--dir", str(pki))
                run("issue", "--dir", str(pki), "--role", "gateway", "--name", "gw-1", "--ip", "127.0.0.1", "--ip",
                    "198.18.0.1", "--ip", "198.18.0.2", "--dns", "localhost")  # fmt: skip
        self.file = self.path / "file.bin"
        if not self.file.exists() or self.file.stat().st_size != size:
            make_noise(self.file, size)

    def cert(self, city, name):
        return str(self.path / "pki" / city / name)

    def start(self, command, side="server", **more):
        log = open(self.path / "peers.log", "ab")
        process = subprocess.Popen([*self.prefix[side], *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   start_new_session=True, **more)  # fmt: skip
        self.processes.append(process)
        return process

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes.clear()


def make_noise(path, size):
    """Bytes that nobody can pack, made at once and written again and again with another first block."""
    block = os.urandom(64 << 20)
    with open(path, "wb") as out:
        left = size
        number = 0
        while left > 0:
            part = bytearray(block[: min(left, len(block))])
            # Each MiB differs from every other, so that no chunk is sent in place of another.
            for at in range(0, len(part), 1 << 20):
                part[at : at + 8] = (number).to_bytes(8, "big")
                number += 1
            out.write(part)
            left -= len(part)


def timed(commands, prefix=()):
    """Seconds until all commands, begun at once, have ended well; and the processor seconds of them."""
    before = os.times()
    began = time.monotonic()
    running = [subprocess.Popen([*prefix, *c], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE) for c in commands]  # fmt: skip
    for one in running:
        _, said = one.communicate()
        if one.returncode != 0:
            raise RuntimeError(f"{one.args}: {said.decode(errors='replace')[-400:]}")
    took = time.monotonic() - began
    after = os.times()
    return took, (after.children_user + after.children_system) - (before.children_user + before.children_system)


class Nginx:
    """Serves the folder over mutual TLS 1.3, two workers, sendfile off as TLS needs it, large buffers."""

    def __init__(self, folder, address="127.0.0.1"):
        self.folder = folder
        self.address = address
        self.port = free_port()
        where = folder.path / "nginx"
        where.mkdir(exist_ok=True)
        config = where / "nginx.conf"
        config.write_text(f"""
daemon off; worker_processes 2; pid {where}/pid; error_log {where}/error.log; user root;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {where}/b; proxy_temp_path {where}/p; fastcgi_temp_path {where}/f;
  uwsgi_temp_path {where}/u; scgi_temp_path {where}/s; output_buffers 2 256k; sendfile on;
  server {{
    listen {address}:{self.port} ssl reuseport; root {folder.path}; ssl_protocols TLSv1.3; ssl_buffer_size 16k;
    ssl_certificate {folder.cert("shenzhen", "gw-1.crt")}; ssl_certificate_key {folder.cert("shenzhen", "gw-1.key")};
    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256; ssl_client_certificate {folder.cert("hongkong", "ca.crt")};
    ssl_verify_client on; ssl_session_tickets off; ssl_session_cache off;
  }}
}}
""")
        folder.start(["/usr/sbin/nginx", "-c", str(config), "-e", f"{where}/error.log"])
        if address == "127.0.0.1":
            wait_port(self.port)

    def curl(self, streams, to_file=True):
        """Commands that fetch the file in as many parts at once."""
        f = self.folder
        commands = []
        part = f.size // streams
        for i in range(streams):
            last = f.size - 1 if i == streams - 1 else (i + 1) * part - 1
            commands.append(
                ["curl", "-s", "-S", "-f", "--noproxy", "*", "--tls13-ciphers", "TLS_AES_128_GCM_SHA256", "--cacert",
                 f.cert("shenzhen", "ca.crt"), "--cert", f.cert("hongkong", "gw-1.crt"), "--key",
                 f.cert("hongkong", "gw-1.key"), *(["-r", f"{i * part}-{last}"] if streams > 1 else []), "-o",
                 str(f.path / f"out.{i}") if to_file else "/dev/null",
                 f"https://{self.address}:{self.port}/{f.file.name}"]  # fmt: skip
            )
        return commands

    def fetch(self, streams, to_file=True):
        """bytes/s"""
        clear(self.folder)
        took, _ = timed(self.curl(streams, to_file), self.folder.prefix["client"])
        clear(self.folder)
        return self.folder.size / took


def clear(folder):
    for path in folder.path.glob("out.*"):
        path.unlink()


class Stunnel:
    """A pair of stunnels: plain in, mutual TLS 1.3 between them, plain out."""

    def __init__(self, folder):
        self.folder = folder
        self.entry, middle, self.target = free_port(), free_port(), free_port()
        for name, client, accept, connect, own, other in (
            ("out", "yes", self.entry, middle, "shenzhen", "hongkong"),
            ("in", "no", middle, self.target, "hongkong", "shenzhen"),
        ):
            config = folder.path / f"stunnel-{name}.conf"
            config.write_text(f"""
foreground = yes
pid =
debug = 3
sslVersion = TLSv1.3
ciphersuites = TLS_AES_128_GCM_SHA256
[t]
client = {client}
accept = 127.0.0.1:{accept}
connect = 127.0.0.1:{connect}
cert = {folder.cert(own, "gw-1.crt")}
key = {folder.cert(own, "gw-1.key")}
CAfile = {folder.cert(other, "ca.crt")}
verifyChain = yes
""")
            folder.start(["stunnel4", str(config)])
            wait_port(accept)

    def send(self, streams):
        """Sends from memory to memory through the pair; bytes/s."""
        total = self.folder.size
        listener = socket.create_server(("127.0.0.1", self.target), backlog=64)

        def drain(s):
            buffer = bytearray(1 << 20)
            while s.recv_into(buffer):
                pass
            s.sendall(b"k")
            s.close()

        def accept():
            for _ in range(streams):
                threading.Thread(target=drain, args=(listener.accept()[0],), daemon=True).start()

        def feed():
            with socket.create_connection(("127.0.0.1", self.entry)) as s, open(self.folder.file, "rb") as file:
                s.sendfile(file, 0, total // streams)
                s.shutdown(socket.SHUT_WR)
                s.recv(1)

        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        began = time.monotonic()
        feeders = [threading.Thread(target=feed) for _ in range(streams)]
        for t in feeders:
            t.start()
        for t in feeders:
            t.join()
        took = time.monotonic() - began
        acceptor.join(5)
        listener.close()
        return total / took


class Ssh:
    """An sshd of our own, for scp and rsync."""

    def __init__(self, folder, address="127.0.0.1"):
        self.folder = folder
        self.address = address
        self.port = free_port()
        where = folder.path / "ssh"
        where.mkdir(exist_ok=True)
        os.chmod(where, 0o700)
        for name in ("host", "user"):
            if not (where / name).exists():
                subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(where / name)], check=True)
        (where / "authorized").write_text((where / "user.pub").read_text())
        (where / "sshd_config").write_text(f"""
Port {self.port}
ListenAddress {address}
HostKey {where}/host
AuthorizedKeysFile {where}/authorized
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
Ciphers aes128-gcm@openssh.com
Subsystem sftp internal-sftp
""")
        os.makedirs("/run/sshd", exist_ok=True)
        folder.start(["/usr/sbin/sshd", "-D", "-f", str(where / "sshd_config")])
        if address == "127.0.0.1":
            wait_port(self.port)
        self.options = ["-i", f"{where}/user", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
                        "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-c", "aes128-gcm@openssh.com"]  # fmt: skip

    def scp(self):
        clear(self.folder)
        took, _ = timed([["scp", "-q", "-P", str(self.port), *self.options, str(self.folder.file),
                          f"root@{self.address}:{self.folder.path}/out.scp"]], self.folder.prefix["client"])  # fmt: skip
        clear(self.folder)
        return self.folder.size / took

    def rsync(self, seconds=None):
        """bytes/s of `rsync -W` over ssh."""
        shell = " ".join(["ssh", "-p", str(self.port), *self.options])
        clear(self.folder)
        took, _ = timed([["rsync", "-W", "-e", shell, str(self.folder.file),
                          f"root@{self.address}:{self.folder.path}/out.rsync"]], self.folder.prefix["client"])  # fmt: skip
        clear(self.folder)
        return self.folder.size / took


    def folder_with(self, program, source):
        """Seconds in which `scp -r` or `rsync -a` moves a folder."""
        shell = " ".join(["ssh", "-p", str(self.port), *self.options])
        commands = {
            "scp": ["scp", "-q", "-r", "-P", str(self.port), *self.options, str(source)],
            "rsync": ["rsync", "-a", "-W", "-e", shell, str(source)],
        }
        target = self.folder.path / f"out.{program}"
        shutil.rmtree(target, ignore_errors=True)
        took, _ = timed([[*commands[program], f"root@{self.address}:{target}"]], self.folder.prefix["client"])
        shutil.rmtree(target)
        return took


def median(measure, times):
    return statistics.median(measure() for _ in range(times))
