"""A headless Chromium, driven over its DevTools protocol: opens a page and tells what happened."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",  # continuous integration runs as root in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)
SECONDS = 30  # for one answer of the browser


def program() -> str | None:
    """Return the path of an installed Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass
class Tab:
    """One page of the browser; `events` holds what it has reported since `open`."""

    socket: websocket.WebSocket
    events: list[dict[str, Any]] = field(default_factory=list)
    sent: int = 0

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result; events that come meanwhile are kept."""
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": parameters}))
        while (answer := json.loads(self.socket.recv())).get("id") != self.sent:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def open(
        self, page: Path | str, *, query: str = "", width: int = 1280, dark: bool = False
    ) -> None:
        """Open a file or an address at a window's width; wait until it has loaded, with fonts."""
        self.events.clear()
        phone = width < 500
        size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": phone}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        address = page if isinstance(page, str) else page.as_uri()
        self.call("Page.navigate", url=f"{address}?{query}")
        while not self.reported("Page.loadEventFired"):
            self.events.append(json.loads(self.socket.recv()))
        self.value("document.fonts.ready.then(() => true)")

    def reported(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of the events of one kind."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def value(self, expression: str) -> Any:
        """Return the value of a JavaScript expression; a promise is waited for."""
        options = {"awaitPromise": True, "returnByValue": True}
        answer = self.call("Runtime.evaluate", expression=expression, **options)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str, *, seconds: float = SECONDS) -> None:
        """Wait until an expression holds; it is looked at again whenever the page changes."""
        self.socket.settimeout(seconds)
        self.value(
            "new Promise(done => {"
            f"const look = () => ({expression}) && (watch.disconnect(), done(true));"
            "const watch = new MutationObserver(look);"
            "watch.observe(document, {subtree: true, childList: true, attributes: true});"
            "look(); })"
        )
        self.socket.settimeout(SECONDS)

    def errors(self) -> list[str]:
        """Return what went wrong in scripts, and what the console calls an error."""
        thrown = [event["exceptionDetails"] for event in self.reported("Runtime.exceptionThrown")]
        texts = [one.get("exception", {}).get("description", one["text"]) for one in thrown]
        entries = [event["entry"] for event in self.reported("Log.entryAdded")]
        return texts + [entry["text"] for entry in entries if entry["level"] == "error"]

    def requests_elsewhere(self) -> list[str]:
        """Return the addresses that the page asked for and that are not files."""
        sent = [event["request"]["url"] for event in self.reported("Network.requestWillBeSent")]
        return [url for url in sent if not url.startswith(("file:", "data:", "blob:"))]


@contextlib.contextmanager
def tab() -> Iterator[Tab]:
    """Start Chromium with a fresh profile and give its page; stop it at the end."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program(), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        browser = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            socket = websocket.create_connection(_address(browser), timeout=SECONDS)
            page = Tab(socket)
            for domain in ("Page", "Runtime", "Network", "Log"):
                page.call(f"{domain}.enable")
            yield page
            socket.close()
        finally:
            browser.terminate()
            browser.wait(SECONDS)
            browser.stderr.close()


def _address(browser: subprocess.Popen) -> str:
    """The address of the first page's debugging socket, from what Chromium prints at its start."""
    for line in browser.stderr:
        if "DevTools listening on ws://" in line:
            host = line.split("ws://")[1].split("/")[0]
            with urllib.request.urlopen(f"http://{host}/json", timeout=SECONDS) as answer:
                targets = json.load(answer)
            return next(one["webSocketDebuggerUrl"] for one in targets if one["type"] == "page")
    raise RuntimeError("Chromium ended before it listened.")
