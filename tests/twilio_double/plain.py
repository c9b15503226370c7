"""Twilio's API and a webhook without any library of Twilio's, to test the double itself."""

import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import requests

from .process import NUMBER, TOKEN, Double
from .signature import sign

PHONE = "+355692000001"


class Api:
    """Twilio's API as anyone would call it."""

    def __init__(self, double: Double, auth: tuple[str, str] | None = None) -> None:
        self._double = double
        self._root = f"{double.url}/2010-04-01/Accounts/{double.account}"
        self._auth = auth or (double.account, double.token)

    def create(self, to: str = PHONE, body: str = "Come", **fields: str) -> requests.Response:
        sender = {} if "MessagingServiceSid" in fields else {"From": NUMBER}
        form = sender | {"To": to, "Body": body} | fields
        return requests.post(f"{self._root}/Messages.json", data=form, auth=self._auth, timeout=5)

    def outcome(self, to: str = PHONE, body: str = "Come", **fields: str) -> int | str:
        """Of a create request: 201, an error's code, ``gone`` without a whole answer, or ``no JSON``."""
        try:
            answer = self.create(to, body, **fields)
            return int(answer.json().get("code", answer.status_code))
        except requests.JSONDecodeError:
            return "no JSON"
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            return "gone"

    def get(self, path: str, **query: str) -> requests.Response:
        url = path if path.startswith("http") else self._double.url + path
        return requests.get(url, params=query, auth=self._auth, timeout=5)

    def page(self, **query: str) -> Any:
        answer = requests.get(f"{self._root}/Messages.json", params=query, auth=self._auth, timeout=5)
        assert answer.ok, answer.text
        return answer.json()

    def bodies(self, **query: str) -> list[str]:
        return [text["body"] for text in self.page(**query)["messages"]]

    def fetch(self, sid: str) -> requests.Response:
        return requests.get(f"{self._root}/Messages/{sid}.json", auth=self._auth, timeout=5)


class Receiver:
    """A webhook that notes what comes; ``status`` is what it answers."""

    def __init__(self, port: int = 0) -> None:
        self.forms: list[dict[str, str]] = []
        self.signed_right: list[bool] = []
        self.status = 204
        outer = self

        class Server(ThreadingHTTPServer):
            request_queue_size = 256

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                form = dict(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True))
                signature = sign(TOKEN, f"http://{self.headers['Host']}{self.path}", form)
                outer.signed_right.append(self.headers["X-Twilio-Signature"] == signature)
                outer.forms.append(form)
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/status?message=7"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def statuses(self) -> list[str]:
        return [form["MessageStatus"] for form in self.forms]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def phones(count: int) -> list[str]:
    return [f"+35569{number:07d}" for number in range(count)]


def outcomes(api: Api, count: int) -> list[int | str]:
    """Of ``count`` texts to as many phones, sent by several threads."""
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(api.outcome, phones(count)))
