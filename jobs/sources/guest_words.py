"""The words that exports write in place of a shopper or an id that they do not know."""

# Lower case; '' is a blank field.
GUEST_WORDS = ("", "0", "-1", "null", "none", "nan", "n/a", "na", "-", "guest", "anonymous", "unknown", "undefined")
