"""A web on 127.0.0.1 that plays every answer a server may give; no test asks the real one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """What the server says; ``close`` hangs up without a word, ``wait`` keeps silent for so many seconds first."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    close: bool = False


@dataclass
class Web:
    """The server: answers by path, in turn where a list is given (the last one for ever), and what it was asked."""

    address: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    head_answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def play(self, path: str, *answers: Answer, head: Answer | None = None) -> str:
        """Set the answers of a path and return its address."""
        self.answers[path] = list(answers)
        if head:
            self.head_answers[path] = [head]
        return self.address + path

    def answer(self, method: str, path: str) -> Answer:
        self.asked.append((method, path))
        self.times.append(time.monotonic())
        answers = self.head_answers if method == "HEAD" and path in self.head_answers else self.answers
        left = answers.get(path) or answers.get(urlsplit(path).path) or [Answer(404)]
        return left.pop(0) if len(left) > 1 else left[0]

    def methods(self, path: str) -> list[str]:
        return [method for method, asked in self.asked if asked == path]


def _handler(web: Web) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = web.answer(self.command, self.path)
            time.sleep(answer.wait)
            if answer.close:
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            body = answer.body.encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 # the name that the standard library looks for

        def log_message(self, format: str, *args: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):  # the client has given up waiting, as some tests want
                super().handle()

    return Handler


@contextmanager
def serve() -> Iterator[Web]:
    """A running server without any page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    web = Web(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = _handler(web)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def refused_address() -> str:
    """An address at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


MakeWeb = Callable[[], Web]
