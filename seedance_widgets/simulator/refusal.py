"""Refusal: an error answer of the simulator, in the provider's own words and codes."""

from __future__ import annotations

# The `type` beside each HTTP status (Ark publishes "Unauthorized"; the others follow its habit).
TYPES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}


class Refusal(Exception):
    """What the provider answers instead of doing what was asked.

    Args:
        status: HTTP status.
        code: Ark's error code; AceDataCloud's follows from it and the status.
        message: One sentence without the request id, which the wire adds.
        param: The refused parameter, as a path such as `content[1].image_url.url`.
    """

    def __init__(self, status: int, code: str, message: str, param: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param


class Dropped(BaseException):
    """Instead of an answer, the connection is closed.

    No `Exception`, so that no handler on the way up turns it into an answer.
    """


def invalid(param: str, why: str, code: str = "InvalidParameter") -> Refusal:
    """A 400 for one parameter, in Ark's pattern of words."""
    return Refusal(400, code, f"the parameter `{param}` specified in the request is not valid: {why}", param)


def missing(param: str) -> Refusal:
    """A 400 for a parameter that is not there."""
    return Refusal(
        400, f"MissingParameter.{param}", f"the request failed because it is missing the `{param}` parameter.", param
    )
