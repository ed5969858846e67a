"""Callers for both wires of a simulator whose clock stands still until the test moves it."""

from __future__ import annotations

import base64
import json
import queue
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import httpx

from seedance_widgets.simulator import Simulator

PRO = "doubao-seedance-1-0-pro-250528"
TASKS = "/contents/generations/tasks"


OPENED = []


def client(key):
    # Without certificates, which take longer to read than most of these tests.
    http = httpx.Client(
        headers={"authorization": f"Bearer {key}"}, timeout=30, transport=httpx.HTTPTransport(verify=False)
    )
    OPENED.append(http)
    return http


class Ark:
    """Calls the Ark wire as any HTTP client would."""

    def __init__(self, sim, key="somebody"):
        self.sim = sim
        self.http = client(key)

    def create(self, prompt="a cat", *, images=(), **values):
        content = [{"type": "text", "text": prompt}] if prompt else []
        content += [{"type": "image_url", "image_url": {"url": url}, "role": role} for role, url in images]
        body = {"model": PRO, "content": content, "resolution": "480p", **values}
        return self.http.post(self.sim.ark_base_url + TASKS, json=body)

    def made(self, prompt="a cat", **values):
        answer = self.create(prompt, **values)
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def get(self, task_id):
        return self.http.get(f"{self.sim.ark_base_url}{TASKS}/{task_id}")

    def status(self, task_id):
        return self.get(task_id).json()["status"]

    def finished(self, prompt="a cat [sim:run=10]", **values):
        task_id = self.made(prompt, **values)
        self.sim.clock.advance(3600)
        return self.get(task_id).json()

    def list(self, **query):
        return self.http.get(self.sim.ark_base_url + TASKS, params=query)

    def delete(self, task_id):
        return self.http.delete(f"{self.sim.ark_base_url}{TASKS}/{task_id}")

    def fetch(self, url, **headers):
        return self.http.get(url, headers=headers)


class AceData:
    """Calls AceDataCloud's wire as any HTTP client would."""

    def __init__(self, sim, key="somebody"):
        self.sim = sim
        self.http = client(key)

    def create(self, prompt="a cat", **values):
        body = {"model": PRO, "content": [{"type": "text", "text": prompt}], "resolution": "480p", "async": True}
        return self.http.post(self.sim.acedata_base_url + "/seedance/videos", json=body | values)

    def made(self, prompt="a cat", **values):
        answer = self.create(prompt, **values)
        assert answer.status_code == 200, answer.text
        return answer.json()["task_id"]

    def tasks(self, **body):
        return self.http.post(self.sim.acedata_base_url + "/seedance/tasks", json=body)

    def get(self, task_id):
        return self.tasks(id=task_id, action="retrieve").json()

    def finished(self, prompt="a cat [sim:run=10]", **values):
        task_id = self.made(prompt, **values)
        self.sim.clock.advance(300)
        return self.get(task_id)


class Receiver:
    """A tiny server that takes callbacks and answers them as it is told."""

    def __init__(self):
        self.got = queue.Queue()
        self.answers = queue.Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status = 200 if receiver.answers.empty() else receiver.answers.get()
                receiver.got.put(body)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def next(self):
        return self.got.get(timeout=20)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def until(condition):
    """Wait until `condition()` holds."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.005)


def start(**options):
    sim = Simulator(**{"speed": 20.0, "fetch": False, **options})
    sim.start()
    sim.clock.pause()
    return sim


def picture(width=640, height=480, kind="PNG", colour=(200, 40, 40)):
    from PIL import Image

    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind)
    return out.getvalue()


def data_uri(data, kind="png"):
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
