"""The one type of an amount of money, the whole number that it is summed as, and the largest price of a currency."""

from decimal import Decimal

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType

MONEY = DecimalType(18, 4)
MINOR_UNITS = 10_000  # of one unit of the currency


_LARGEST = 100_000_000  # of a price in a currency without an entry below
# Units of a currency that are about as much as a few US dollars: powers of ten, for the rates of 2025.
_UNITS_A_DOLLAR = {
    **dict.fromkeys(("CZK", "EGP", "INR", "JPY", "KES", "MXN", "PHP", "RUB", "THB", "TRY", "TWD", "UAH"), 100),
    **dict.fromkeys(("ALL", "AMD", "ARS", "CLP", "CRC", "DZD", "HUF", "ISK", "JMD", "KRW", "KZT", "LKR"), 1_000),
    **dict.fromkeys(("NGN", "NPR", "PKR", "RSD", "XAF", "XOF", "XPF", "BDT", "RWF", "YER", "IQD"), 1_000),
    **dict.fromkeys(("BIF", "CDF", "COP", "MMK", "MNT", "SYP", "TZS", "UGX", "MWK", "KHR"), 10_000),
    **dict.fromkeys(("GNF", "IDR", "IRR", "LAK", "LBP", "PYG", "SLL", "UZS", "VES", "VND", "ZWL"), 100_000),
}
# What shops write for a currency next to its code.
_SIGNS = {
    **dict.fromkeys(("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "ARS", "CLP", "COP"), ("$",)),
    **dict.fromkeys(("SEK", "NOK", "DKK", "ISK"), ("kr.", "kr")),
    **{"CNY": ("¥", "￥", "元", "RMB"), "JPY": ("¥", "￥", "円")},
    **{"EUR": ("€",), "GBP": ("£",), "INR": ("₹", "Rs.", "Rs"), "KRW": ("₩",), "BRL": ("R$",), "ZAR": ("R",)},
    **{"PLN": ("zł",), "CZK": ("Kč",), "HUF": ("Ft",), "CHF": ("Fr.", "Fr"), "TRY": ("₺", "TL"), "UAH": ("₴",)},
    **{"RUB": ("₽",), "ILS": ("₪",), "VND": ("₫", "đ"), "PHP": ("₱",), "NGN": ("₦",), "THB": ("฿",), "KZT": ("₸",)},
}
# A sign of several currencies, such as a dollar's, says nothing of which.
_CURRENCY_OF_SIGN = {
    sign: code
    for code, signs in _SIGNS.items()
    for sign in signs
    if sum(sign in others for others in _SIGNS.values()) == 1
}
LARGEST_PRICE = _LARGEST * max(_UNITS_A_DOLLAR.values())  # in any currency


def largest_price(currency: str) -> int:
    """The largest plausible price, of an item or a purchase line, in a currency (a code of ISO 4217)."""
    return _LARGEST * _UNITS_A_DOLLAR.get(currency.upper(), 1)


def names_of_currency(currency: str) -> tuple[str, ...]:
    """What a store may write next to an amount in its currency (a code of ISO 4217): the code and its signs."""
    return (currency.upper(), *_SIGNS.get(currency.upper(), ()))


def currency_of_sign(sign: str) -> str | None:
    """The currency (a code of ISO 4217) that alone is written with this sign; None for any other text."""
    return _CURRENCY_OF_SIGN.get(sign) or _CURRENCY_OF_SIGN.get(f"{sign}.")


def minor_units(column: str) -> Column:
    """An amount as LONG ten-thousandths: sums of them are exact too, and many times faster than those of DECIMAL."""
    return (F.col(column) * F.lit(MINOR_UNITS)).cast("long")


def in_money(column: str) -> Column:
    """The amount of LONG ten-thousandths. Raises in Spark where it exceeds MONEY's digits."""
    return (F.col(column).cast("decimal(19,0)") * F.lit(Decimal("0.0001"))).cast(MONEY)
