"""A client that submits without a pause while gateways die, and remembers what was acknowledged."""

import itertools
import threading
import time

from city import PATIENCE_S, Broken


class Client:
    """`submit(name)`: the job's id, or None without an answer; then it is asked again, with the same Idempotency-Key."""

    def __init__(self, prefix, submit, pause_s=0.0):
        self.prefix, self.submit, self.pause_s = prefix, submit, pause_s
        self.acknowledged, self.again, self.longest_s, self.error = {}, 0, 0.0, None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        try:
            for number in itertools.count():
                if self.stopping.wait(self.pause_s):
                    return
                self.submit_one(f"{self.prefix}-{number}")
        except Broken as broken:  # an answer that is neither "yes" nor "later"
            self.error = broken

    def submit_one(self, name):
        began = time.monotonic()
        while (answer := self.submit(name)) is None:
            self.again += 1
            time.sleep(0.05)
            if time.monotonic() - began > PATIENCE_S:
                raise Broken(f"{name} was not acknowledged in {PATIENCE_S} s")
        self.longest_s = max(self.longest_s, time.monotonic() - began)
        self.acknowledged[name] = answer

    def stop(self):
        self.stopping.set()
        self.thread.join()
        if self.error is not None:
            raise self.error
