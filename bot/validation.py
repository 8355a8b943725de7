"""What is wrong with a value from outside, in plain words instead of the validator's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

KEY_RULE = "use up to 32 small letters and digits, with single hyphens between them, as in lamp-north"
_A_NUMBER, _WHOLE, _A_LIST = "must be a number", "must be a whole number", "must be a list"
_TRUE_OR_FALSE, _A_TIME = "must be true or false", "must be a time, such as 2026-05-04T12:07:00Z"
WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not known here: leave it out",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long; {max_length} characters at most",
    "string_pattern_mismatch": "is not written as it must be",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "bool_type": _TRUE_OR_FALSE,
    "bool_parsing": _TRUE_OR_FALSE,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "is too large a number",
    "float_type": _A_NUMBER,
    "float_parsing": _A_NUMBER,
    "finite_number": _A_NUMBER,
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "list_type": _A_LIST,
    "tuple_type": _A_LIST,
    "too_long": "is too long; {max_length} entries at most",
    "too_short": "is too short; {min_length} entries at least",
    "dict_type": "must be an object of keys and values",
    "model_type": "must be an object of keys and values",
    "model_attributes_type": "must be an object of keys and values",
    "datetime_type": _A_TIME,
    "datetime_parsing": _A_TIME,
    "datetime_from_date_parsing": _A_TIME,
    "datetime_object_invalid": _A_TIME,
    "path_type": "must be the path of a file",
}
"""Kind of error (pydantic's `type`) -> what is wrong, as the end of a sentence."""


def wrong(name: str, detail: Mapping[str, Any], words: Mapping[str, str] = WORDS) -> str:
    """A sentence about a value, without the value. `detail`: one of `ValidationError.errors()`."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":  # a sentence of ours
        return f"{name}: {context['error']}"
    told = words.get(kind, "cannot be used here").format(**context)
    told = told.replace("'", "").replace("True or False", "true or false")
    return f"{name} {told}"


def is_key(value: str) -> bool:
    """Whether this can be the key of a community: it is a part of host names, variables, folders and rows."""
    return re.fullmatch(r"(?=.{1,32}\Z)[a-z][a-z0-9]*+(-[a-z0-9]++)*+", value) is not None
