"""A small client of the YAML language server, over standard input and output: what an editor asks, and is told."""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
from pathlib import Path
from queue import Empty, Queue
from typing import IO, Any, NamedTuple

PATIENCE = 120  # seconds; a server that says nothing for so long hangs

_CAPABILITIES = {
    "workspace": {"configuration": True},
    "textDocument": {
        "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
        "hover": {"contentFormat": ["markdown"]},
    },
}
_ASKED = {"validate": True, "completion": True, "hover": True}


class Told(NamedTuple):
    """A diagnostic of the server's: what it says, and of which text."""

    of: str
    message: str


class LanguageServer:
    """A running server; `with` ends it.

    `folder` is what it takes for its workspace, and `schemas` the setting that names schemas and their files.
    """

    def __init__(self, command: list[str], folder: Path, schemas: dict[str, list[str]] | None = None) -> None:
        self._folder = folder
        self._settings = {"yaml": {"schemas": schemas or {}, "schemaStore": {"enable": False}, **_ASKED}}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder
        )
        self._received: Queue[dict[str, Any] | None] = Queue()
        self._numbers = itertools.count(1)
        self._diagnostics: dict[str, list[dict[str, Any]]] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> LanguageServer:
        root = {"processId": None, "rootUri": self._folder.as_uri(), "capabilities": _CAPABILITIES}
        self._request("initialize", root)
        self._notify("initialized", {})
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def told(self, text: str, name: str | None = None) -> list[Told]:
        """What the server says is wrong with a text, in its order; `name` is that of the file, if it matters."""
        lines = text.splitlines()
        found = self._diagnostics_of(self._open(text, name))
        return [Told(_between(lines, each["range"]), each["message"]) for each in found]

    def completions(self, text: str) -> list[dict[str, Any]]:
        """What the server offers where `|` stands in a text."""
        offered: list[dict[str, Any]] = self._at_cursor("textDocument/completion", text)["items"]
        return offered

    def hover(self, text: str) -> str:
        """What the server shows over the place where `|` stands in a text."""
        shown: str = self._at_cursor("textDocument/hover", text)["contents"]["value"]
        return shown

    def _at_cursor(self, method: str, text: str) -> Any:
        before, _, after = text.partition("|")
        uri = self._open(before + after)
        position = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        return self._request(method, {"textDocument": {"uri": uri}, "position": position})

    def _open(self, text: str, name: str | None = None) -> str:
        uri = (self._folder / (name or f"{next(self._numbers)}.yaml")).as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def _diagnostics_of(self, uri: str) -> list[dict[str, Any]]:
        while uri not in self._diagnostics:
            self._handle_next(f"the diagnostics of {uri}")
        return self._diagnostics[uri]

    def _request(self, method: str, params: Any) -> Any:
        number = next(self._numbers)
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._handle_next(f"the answer to {method}")
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message["error"]
                return message["result"]

    def _notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _handle_next(self, awaited: str) -> dict[str, Any]:
        """The next message, answered where it asks for something."""
        try:
            message = self._received.get(timeout=PATIENCE)
        except Empty:
            raise AssertionError(f"the language server hangs: no message while {awaited} is awaited") from None
        assert message is not None, f"the language server has ended while {awaited} is awaited"
        if message.get("method") == "textDocument/publishDiagnostics":
            self._diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            self._send({"id": message["id"], "result": self._answer(message)})
        return message

    def _answer(self, message: dict[str, Any]) -> Any:
        if message["method"] == "workspace/configuration":
            return [self._settings.get(item["section"]) for item in message["params"]["items"]]
        return None

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self._process.stdin
        assert stream is not None
        stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        stream.flush()

    def _read(self) -> None:
        """Puts what the server says into the queue, and None at its end."""
        stream = self._process.stdout
        assert stream is not None
        while (message := _message(stream)) is not None:
            self._received.put(message)
        self._received.put(None)


def _message(stream: IO[bytes]) -> dict[str, Any] | None:
    length = 0
    while header := stream.readline().strip():
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    message: dict[str, Any] | None = json.loads(stream.read(length)) if length else None
    return message


def _between(lines: list[str], place: dict[str, dict[str, int]]) -> str:
    """The text of a range, as far as it is on one line."""
    start, end = place["start"], place["end"]
    line = lines[start["line"]]
    return line[start["character"] : end["character"] if end["line"] == start["line"] else len(line)]
