"""What a member's device sends again, and what it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from load.book import Book, route_of
from local import patient
from local.patient import Attempt, Patient

type Answer = httpx.Response | Exception


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient.time, "sleep", lambda _: None)


def _device(*answers: Answer, patience_seconds: float = 60) -> tuple[httpx.Client, list[Attempt], list[httpx.Request]]:
    coming: Iterator[Answer] = iter(answers)
    attempts: list[Attempt] = []
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        one = next(coming)
        if isinstance(one, Exception):
            raise one
        return one

    transport = Patient(lambda attempt, _: attempts.append(attempt), patience_seconds, httpx.MockTransport(answer))
    return httpx.Client(transport=transport, base_url="http://member"), attempts, requests


def _come_again(seconds: str = "2") -> httpx.Response:
    return httpx.Response(503, headers={"Retry-After": seconds}, json={"code": "unavailable"})


REFUSED: Callable[[], Exception] = lambda: httpx.ConnectError("refused")  # noqa: E731


def test_what_got_no_answer_is_sent_again_as_it_was() -> None:
    device, attempts, requests = _device(REFUSED(), httpx.ReadError("cut"), httpx.Response(202, json={}))
    answer = device.post("/redemptions", json={"points": 1}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 202
    assert [attempt.status for attempt in attempts] == [0, 0, 202]
    assert {request.content for request in requests} == {b'{"points":1}'}
    assert {request.headers["Idempotency-Key"] for request in requests} == {"k"}


def test_a_503_that_says_when_is_asked_again() -> None:
    device, attempts, _ = _device(_come_again(), httpx.Response(200, json={}))
    assert device.get("/me").status_code == 200
    assert [attempt.declared for attempt in attempts] == [True, False]
    assert not any(attempt.unexpected for attempt in attempts)


@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(503), httpx.Response(409)])
def test_every_other_answer_is_final(answer: httpx.Response) -> None:
    device, attempts, _ = _device(answer)
    assert device.get("/me").status_code == answer.status_code
    assert attempts[0].unexpected == (answer.status_code >= 500)


def test_patience_ends() -> None:
    device, _, _ = _device(_come_again(), patience_seconds=0)
    assert device.get("/me").status_code == 503
    device, _, _ = _device(REFUSED(), patience_seconds=0)
    with pytest.raises(httpx.ConnectError):
        device.get("/me")


def test_answers_are_kept_by_route_and_not_by_id() -> None:
    redemption = "01a2019d-0000-7000-8000-000000000000"
    assert route_of(f"/_aws/execute-api/x/v1/redemptions/{redemption}/cancel") == "/redemptions/{id}/cancel"
    assert route_of("/v1/catalogue/7/products/B0TOWELS00") == "/catalogue/{version}/products/{asin}"


def test_a_declared_503_is_counted_and_any_other_5xx_is_unexpected() -> None:
    book = Book()
    book.seen(Attempt("GET", "/v1/me", 503, 0.1, 2.0), _come_again())
    book.seen(Attempt("GET", "/v1/me", 502, 0.1), httpx.Response(502, text="gone"))
    book.seen(Attempt("GET", "/v1/me", 0, 0.1), None)
    assert dict(book.declared) == {"GET /me: unavailable": 1}
    assert book.unexpected == ["GET /me: 502 gone", "GET /me: no answer after 0.1 s"]
