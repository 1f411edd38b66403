"""The address of Redis: refused at once where Feast would read another one, and never shown."""

from __future__ import annotations

import re

import pytest
from feast.infra.online_stores.redis import RedisOnlineStore

from jobs.config.files import read_packaged
from jobs.config.online import Online
from jobs.online.redis_address import redis_address, server_of
from jobs.runtime.errors import WRONG_USAGE, ConfigurationError

SECRET = "s3cret-of-shop"
ONLINE = Online.model_validate(read_packaged("base.yaml")["online"] | {"redis_url_variable": "SOME_REDIS"})


def refusal(address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SOME_REDIS", address)
    with pytest.raises(ConfigurationError) as error:
        redis_address(ONLINE)
    assert error.value.exit_code == WRONG_USAGE
    assert SECRET not in str(error.value)
    return error.value.problem.removeprefix("The environment variable SOME_REDIS is not an address: ")


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        (f"redis://default:{SECRET}@cache.example:6379/0", "it is a URL."),
        (f"rediss://:{SECRET}@cache.example:6380", "it is a URL."),
        (f"default:{SECRET}@cache.example:6379", "part 1 is neither host:port nor name=value."),
        (f"default:{SECRET}=1@cache.example:6379", "part 1 has none of the names below."),
        ("cache.example:6379/0", "part 1 is neither host:port nor name=value."),
        ("cache.example:", "part 1 is neither host:port nor name=value."),
        ("cache.example:70000", "part 1 is neither host:port nor name=value."),
        ("[::1]:6379", "part 1 is neither host:port nor name=value."),
        (f"cache:6379,pasword={SECRET}", "part 2 has none of the names below."),
        (f"cache:6379, password={SECRET}", "part 2 has none of the names below."),
        (f"cache:6379,password=a,{SECRET}", "part 3 is neither host:port nor name=value."),
        (f"cache:6379,password=a,{SECRET}=b", "part 3 has none of the names below."),
        ("cache:6379,", "part 2 is neither host:port nor name=value."),
        ("cache:6379,other:6379", "it names 2 servers instead of one."),
        (f"password={SECRET}", "it names no servers instead of one."),
        ("cache:6379,password=", "password is empty."),
        ("cache:6379,db=first", "db is not a number."),
        ("cache:6379,db=1.5", "db is not a number."),
        ("cache:6379,db=true", "db is not a number."),
        ("cache:6379,socket_timeout=Infinity", "socket_timeout is not a number."),
        ("cache:6379,ssl=True", "ssl is neither true nor false."),
        ("cache:6379,ssl=1", "ssl is neither true nor false."),
        ("cache:6379,ssl_cert_reqs=null", "ssl_cert_reqs would be read as JSON and no longer be the same text; put it "
         "in double quotes."),
    ],
)  # fmt: skip
def test_another_form_is_refused_and_not_shown(address: str, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(address, monkeypatch) == problem


@pytest.mark.parametrize("password", ["1e5", "true", "null", "{}", "[]", "0", "1.50", "-0"])
def test_a_password_that_feast_would_change_is_refused(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = refusal(f"cache:6379,password={password}", monkeypatch)
    assert problem.startswith("password would be read as JSON")
    address = f'cache:6379,password="{password}"'
    monkeypatch.setenv("SOME_REDIS", address)
    assert redis_address(ONLINE) == address
    assert RedisOnlineStore._parse_connection_string(address)[1] == {"password": password}


@pytest.mark.parametrize(
    ("password", "sent"),
    [
        ("00123", "00123"),
        ("12345678901234567890", "12345678901234567890"),
        ("a=b==", "a=b=="),
        ("True", "True"),
        (r'"a\u002cb\u0027"', "a,b'"),
    ],
)
def test_any_other_password_stays_the_text_that_it_is(
    password: str, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"username=shop,cache.example:6379,ssl=true,db=0,password={password}"
    monkeypatch.setenv("SOME_REDIS", address)
    assert redis_address(ONLINE) == address
    assert server_of(address) == "cache.example:6379"
    nodes, parameters = RedisOnlineStore._parse_connection_string(address)
    assert nodes == [{"host": "cache.example", "port": "6379"}]
    assert str(parameters.pop("password")) == sent
    assert parameters == {"username": "shop", "ssl": True, "db": 0}


def test_the_remedy_names_what_an_address_may_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_REDIS", "redis://cache")
    with pytest.raises(ConfigurationError) as error:
        redis_address(ONLINE)
    assert re.search(r"Set SOME_REDIS to host:port\[,name=value\.\.\.\], with username, password, ", error.value.remedy)
