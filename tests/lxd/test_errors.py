"""The one table from foreign errors to ours: nothing foreign passes, and nothing is taken for something else."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING

import pylxd.exceptions
import pytest
import requests
import requests.exceptions
import urllib3.exceptions

from reconciler import errors
from reconciler.lxd.errors import BY_STATUS, FOREIGN, mapped, of_operation, of_status

if TYPE_CHECKING:
    from types import ModuleType

MODULES: tuple[ModuleType, ...] = (requests.exceptions, urllib3.exceptions, pylxd.exceptions)


def foreign() -> list[type[Exception]]:
    """Every error of the libraries below the door; warnings are no errors, and http.client's is a base of urllib3's own."""
    found = {
        kind
        for module in MODULES
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception)
        and not issubclass(kind, Warning)
        and kind.__module__.split(".")[0] in {"requests", "urllib3", "pylxd"}
    }
    return sorted(found, key=lambda kind: f"{kind.__module__}.{kind.__name__}")


def answer(status: int, text: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = json.dumps({"type": "error", "error": text, "error_code": status}).encode()  # noqa: SLF001 - requests has no other way to make one
    return response


@pytest.mark.parametrize("kind", foreign())
def test_every_foreign_error_becomes_one_of_ours(kind: type[Exception]) -> None:
    if issubclass(kind, pylxd.exceptions.LXDAPIException):
        error: Exception = kind(answer(404, "Instance not found"))
    else:
        error = kind.__new__(kind)
        error.args = ("what happened",)
        # urllib3 writes some of its errors from these, which their constructors would set.
        vars(error).update(partial=1, expected=2, length=b"z")
    with pytest.raises(errors.HostError) as caught, mapped("h1"):
        raise error
    assert caught.value.message.startswith("h1: ")
    assert caught.value.__cause__ is error


def test_there_are_foreign_errors_to_map() -> None:
    assert len(foreign()) > 40


@pytest.mark.parametrize(
    ("raised", "ours", "word"),
    [
        (requests.exceptions.ConnectTimeout("x"), errors.Unreachable, "no answer in time"),
        (requests.exceptions.ReadTimeout("x"), errors.Unreachable, "no answer in time"),
        (requests.exceptions.SSLError("certificate required"), errors.Unreachable, "TLS failed"),
        (requests.exceptions.SSLError('Fingerprints did not match. Expected "0", got "1"'), errors.WrongIdentity, "another certificate"),
        (requests.exceptions.ConnectionError("x"), errors.Unreachable, "no connection"),
        (requests.exceptions.ChunkedEncodingError("x"), errors.Unreachable, "no connection"),
        (requests.exceptions.JSONDecodeError("x", "y", 0), errors.Malformed, "cannot be read"),
        (ConnectionResetError("x"), errors.Unreachable, "no connection"),
        (PermissionError(13, "Permission denied"), errors.Unreachable, "Permission denied"),
        (TimeoutError("x"), errors.Unreachable, "no answer in time"),
    ],
)
def test_what_foreign_errors_mean(raised: Exception, ours: type[errors.HostError], word: str) -> None:
    with pytest.raises(ours, match=word), mapped("h1"):
        raise raised


def hide(cause: Exception) -> None:
    """As pylxd does: the text alone goes on."""
    try:
        raise cause
    except requests.exceptions.RequestException as error:
        raise pylxd.exceptions.ClientConnectionFailed(str(error))  # noqa: B904 - pylxd does not say from what either


def test_pylxd_hides_the_cause_and_it_is_found() -> None:
    for cause, ours in (
        (requests.exceptions.SSLError("Fingerprints did not match."), errors.WrongIdentity),
        (requests.exceptions.ConnectTimeout("x"), errors.Unreachable),
    ):
        with pytest.raises(ours), mapped("h1"):
            hide(cause)


def test_our_own_errors_pass_unchanged() -> None:
    ours = errors.Conflict("h1: taken")
    with pytest.raises(errors.Conflict) as caught, mapped("h1"):
        raise ours
    assert caught.value is ours


def test_no_row_of_the_table_is_dead() -> None:
    """A class that an earlier row catches already would make its own row a lie."""
    seen: tuple[type[Exception], ...] = ()
    for kinds, _, _ in FOREIGN:
        assert not [kind for kind in kinds if seen and issubclass(kind, seen)]
        seen += kinds


@pytest.mark.parametrize("status", range(300, 600))
def test_every_status_becomes_one_of_ours(status: int) -> None:
    error = of_status(status, "", "h1")
    assert type(error) is BY_STATUS.get(status, type(error))
    expected = errors.Malformed if status < 400 else errors.HostError
    assert isinstance(error, expected)
    assert str(status) in error.message


@pytest.mark.parametrize(
    ("status", "text", "ours"),
    [
        (404, "Instance not found", errors.NotFound),
        (500, "Failed to fetch instance: Instance not found", errors.NotFound),
        (403, "not authorized", errors.NotTrusted),
        (412, "Precondition failed", errors.Conflict),
        (400, "ETag doesn't match: a vs b", errors.Conflict),
        (409, "Certificate already in trust store", errors.Conflict),
        (400, 'Add instance info to the database: This "instances" entry already exists', errors.Conflict),
        (500, "UNIQUE constraint failed: already exists", errors.Conflict),
        (400, "Instance is running", errors.Conflict),
        (500, "Failed to begin transaction: database is locked", errors.HostBusy),
        (400, "Failed to create: driver: database is locked", errors.HostBusy),
        (500, "Instance is busy running a start operation", errors.HostBusy),
        (503, "LXD daemon not started yet", errors.HostBusy),
        (500, "something broke", errors.Rejected),
        (400, "Unknown configuration key", errors.Rejected),
        (400, "Image not found", errors.Rejected),
    ],
)
def test_words_of_lxd(status: int, text: str, ours: type[errors.HostError]) -> None:
    assert type(of_status(status, text, "h1")) is ours


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ('Failed creating instance record: Add instance info to the database: This "instances" entry already exists', errors.Conflict),
        ("Image with same fingerprint already exists", errors.Conflict),
        ("Failed to commit: database is locked", errors.HostBusy),
        ("Container is protected", errors.OperationFailed),
        ("", errors.OperationFailed),
    ],
)
def test_words_of_operations(text: str, ours: type[errors.HostError]) -> None:
    error = of_operation(text, "h1")
    assert type(error) is ours
    assert error.message.strip() != "h1:"


def test_a_long_reason_is_cut() -> None:
    assert len(of_status(500, "x" * 5000, "h1").message) < 400
    assert len(of_operation("x" * 5000, "h1").message) < 400
