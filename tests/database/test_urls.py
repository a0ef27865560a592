"""Which URL leads to which database, and how a URL is shown."""

from __future__ import annotations

import pytest

from theflow import wire
from theflow.errors import InputError, StoreUnusable


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:secret@host/flows", "postgresql://ann:***@host/flows"),
        ("postgres://ann:se%40cret@host:5433/flows", "postgres://ann:***@host:5433/flows"),
        ("mysql://ann@host/flows?password=secret&ssl_ca=x", "mysql://ann@host/flows?password=***&ssl_ca=x"),
        ("mariadb://:secret@host/flows", "mariadb://:***@host/flows"),
        ("postgresql:///flows?host=/run&sslpassword=secret", "postgresql:///flows?host=/run&sslpassword=***"),
        ("sqlite:///a%20b.db", "sqlite:///a%20b.db"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url, shown):
    assert wire.display(url) == shown


@pytest.mark.parametrize("url", ["oracle://host/flows", "flows.db", "sqlite:flows.db", "postgresql:flows", "://"])
def test_an_unknown_database_is_refused_with_what_can_be_written(url):
    with pytest.raises(InputError, match=r"sqlite:///.*postgresql://.*mysql://"):
        wire.open_store(url)


@pytest.mark.parametrize("url", ["postgresql://host", "mysql://host/", "mariadb://ann:secret@host"])
def test_a_server_without_a_database_is_refused(url):
    with pytest.raises(InputError, match="names no database") as caught:
        wire.open_store(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "driver", "extra"),
    [("postgresql://host/x", "psycopg", "postgres"), ("mysql://host/x", "pymysql", "mysql")],
)
def test_a_missing_driver_names_the_extra_that_brings_it(monkeypatch, url, driver, extra):
    monkeypatch.setitem(__import__("sys").modules, driver, None)
    with pytest.raises(StoreUnusable, match=rf"theflow-engine\[{extra}\]"):
        wire.open_store(url)


@pytest.mark.parametrize(
    ("url", "collation"),
    [
        ("postgresql://host/x", 'COLLATE "C"'),
        ("mysql://host/x", "COLLATE utf8mb4_0900_bin"),
        ("mariadb://host/x", "COLLATE utf8mb4_nopad_bin"),
    ],
)
def test_the_schema_can_be_read_before_it_is_made_and_compares_bytes(url, collation):
    sql = wire.upgrade_sql(url)
    assert sql.count("CREATE TABLE") == 20
    assert f"flow_id VARCHAR(255) {collation} NOT NULL" in sql
