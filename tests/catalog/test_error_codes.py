"""The error catalogue covers every documented code and gives advice that can be acted on."""

from __future__ import annotations

import pytest

import seedance_widgets.errors as tree
from seedance_widgets.catalog.error_codes import advice, all_codes

MEDIA = ("Text", "Image", "Video", "Audio")
ARK_NAMES = """MissingParameter MissingParameter.x InvalidParameter InvalidParameter.x
    InvalidParameter.UnsupportedParameter InvalidParameter.TaskTypeConstraint InvalidParameter.TaskTypeMismatch
    InvalidImageURL.EmptyURL InvalidImageURL.InvalidFormat InvalidEndpoint.ClosedEndpoint SensitiveContentDetected
    SensitiveContentDetected.SevereViolation SensitiveContentDetected.Violence AuthenticationError InvalidAccountStatus
    AccessDenied AccountOverdueError OperationDenied.ServiceNotOpen OperationDenied.ServiceOverdue
    InvalidEndpointOrModel.NotFound InvalidEndpointOrModel.ModelIDAccessDisabled ModelNotOpen NotFound.id
    ResourceNotFound TaskRunningCannotCancel RateLimitExceeded.EndpointRPMExceeded ModelAccountRpmRateLimitExceeded
    APIAccountRpmRateLimitExceeded AccountRateLimitExceeded RequestBurstTooFast QuotaExceeded SetLimitExceeded
    InflightBatchsizeExceeded ServerOverloaded InternalServiceError"""
ACE_NAMES = """bad_request token_mismatched api_not_implemented disabled no_token invalid_token token_expired no_api
    not_found request_too_large too_many_requests api_error internal_error used_up duplication busy forbidden canceled
    timeout content_too_large not_applied unknown"""
ARK = [
    *ARK_NAMES.split(),
    *(f"Input{one}SensitiveContentDetected" for one in MEDIA),
    *(f"Output{one}SensitiveContentDetected" for one in MEDIA),
    *(f"Input{one}SensitiveContentDetected.PolicyViolation" for one in MEDIA),
    *(f"Input{one}SensitiveContentDetected.PrivacyInformation" for one in ("Image", "Video")),
]
ACE = ACE_NAMES.split()


@pytest.mark.parametrize(("wire", "code"), [("ark", one) for one in ARK] + [("acedata", one) for one in ACE])
def test_every_documented_code_has_an_entry_of_its_own(wire, code):
    own = {row.code for row in all_codes() if row.wire == wire}
    assert code in own or code.rpartition(".")[0] in own


@pytest.mark.parametrize("row", all_codes(), ids=lambda row: f"{row.wire}-{row.code or row.status}")
def test_every_entry_is_whole_and_in_sentences(row):
    assert issubclass(getattr(tree, row.error), tree.ProviderError)
    assert row.advice.repeat in {"safe", "after_wait", "after_change", "never"}
    assert row.advice.billed in {None, False}  # only a succeeded task is billed; otherwise it is not known
    for sentence in (row.advice.meaning, row.advice.cause, row.advice.next_step):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
        assert "  " not in sentence
    assert all(word == word.lower() for word in row.when_message_has)


def test_the_exact_code_counts_before_its_beginning_before_the_status():
    assert "does not have this parameter" in advice("ark", "InvalidParameter.UnsupportedParameter", 400)[1].meaning
    assert "a value that is not taken" in advice("ark", "InvalidParameter.ratio.more", 400)[1].meaning
    assert advice("ark", "NeverHeardOf", 429)[0] == "RateLimited"
    assert advice("ark", "NeverHeardOf", 418)[0] == "InvalidRequest"
    assert advice("ark", "NeverHeardOf", 599)[0] == "ServerError"
    assert advice("ark", "NeverHeardOf", None)[0] == "ProviderError"
    assert advice("acedata", "", 403)[0] == "ModerationError"
    assert advice("ark", "", 403)[0] == "AuthError"


@pytest.mark.parametrize(
    ("message", "repeat"),
    [
        ("too many tasks are queued: the account has 120", "after_wait"),
        ("your queue is full", "after_wait"),
        ("You have exhausted the free quota of this model", "after_change"),
        ("the 5-hour quota of your plan is used up", "after_change"),
        ("Monthly limit", "after_change"),
        ("", "after_change"),
    ],
)
def test_quota_exceeded_is_read_by_its_message(message, repeat):
    kind, known = advice("ark", "QuotaExceeded", 429, message)
    assert (kind, known.repeat) == ("QuotaExceeded", repeat)


def test_one_code_may_mean_different_things_with_different_statuses():
    found = [advice("acedata", "api_error", status)[1].repeat for status in (500, 503, None, 599)]
    assert found == ["never", "after_wait", "never", "never"]


def test_acedata_passes_arks_codes_through():
    assert advice("acedata", "OutputVideoSensitiveContentDetected")[0] == "ModerationError"


@pytest.mark.parametrize(
    "situation", ["ConnectionFailed", "UnknownSubmit", "CannotCancel", "ServerError", "NotFound", "Unknown"]
)
def test_our_own_situations_have_entries(situation):
    kind, known = advice("own", situation)
    assert kind == {"Unknown": "ProviderError"}.get(situation, situation)
    assert known.next_step


def test_a_tls_failure_has_advice_of_its_own():
    assert "SSL_CERT_FILE" in advice("own", "ConnectionFailed", None, "no safe (TLS) connection to x")[1].next_step
    assert advice("own", "ConnectionFailed", None, "TLS")[1].repeat == "after_change"
