"""`theflow shape simulate`: arrivals from files and from the record, policies beside each other, and the chart."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

CSV = "at,user,class,duration\n0,ann,mesh,10\n0,ann,mesh,10\n1,bob,mesh,10\n"
ONE = '[[limit]]\nof="class"\nname="mesh"\ncapacity=1\n'
TWO = '[[limit]]\nof="queue"\nname="mesh"\ncapacity=2\n'


@pytest.fixture
def files(theflow):
    """A file of arrivals and two policies."""
    for name, text in (("come.csv", CSV), ("one.toml", ONE), ("two.toml", TWO)):
        (theflow.folder / name).write_text(text, encoding="utf-8")
    return theflow


def users(simulation):
    """The mean wait of each user."""
    return {each["user"]: each["mean_seconds"] for each in simulation["users"]}


def test_a_table_says_how_long_each_user_waits(files):
    answer = files("shape", "simulate", "--arrivals", "come.csv")
    assert answer.code == 0, answer.err
    assert [row.split() for row in answer.out.splitlines()] == [
        ["USER", "FLOWS", "MEAN", "P50", "P95", "LONGEST"],
        ["ann", "2", "5.0s", "0ms", "10.0s", "10.0s"],
        ["bob", "1", "0ms", "0ms", "0ms", "0ms"],
        ["all", "users", "3", "3.3s", "0ms", "10.0s", "10.0s"],
    ]
    assert "no limits: the last flow ends after 20.0s" in answer.err


def test_policies_are_compared_in_table_json_and_chart(files):
    words = ("--arrivals", "come.csv", "--policy", "one.toml", "--policy", "two.toml")
    answer = files("shape", "simulate", *words, "-o", "json", "--svg", "chart.svg")
    one, two = answer.json["simulations"]
    assert (one["policy"], users(one)) == ("one", {"ann": 5, "bob": 19})
    assert (two["policy"], users(two)) == ("two", {"ann": 0, "bob": 0})
    assert files("shape", "simulate", *words).out.splitlines()[1].split()[0] == "one"
    chart = (files.folder / "chart.svg").read_text(encoding="utf-8")
    said = [each.text for each in ET.fromstring(chart).iter("{http://www.w3.org/2000/svg}title")]  # noqa: S314 - our own
    assert "bob, one: mean 19.0 s, p95 19.0 s, longest 19.0 s" in said
    files("shape", "simulate", *words, "--svg", "again.svg")
    assert (files.folder / "again.svg").read_text(encoding="utf-8") == chart


def test_json_lines_say_the_same_as_csv(files):
    keys = CSV.split(maxsplit=1)[0].split(",")
    lines = [json.dumps(dict(zip(keys, row.split(","), strict=True))) for row in CSV.split()[1:]]
    (files.folder / "come.jsonl").write_text("\n".join(lines), encoding="utf-8")
    first, second = (files("shape", "simulate", "--arrivals", name).out for name in ("come.csv", "come.jsonl"))
    assert first == second


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"at": true, "user": "a", "class": "m", "duration": 1}', "at: expected a number, got True"),
        ('{"at": 1, "user": "a", "class": "m", "duration": 1, "units": 1.5}', "units: expected a number, got 1.5"),
        ('{"at": 1, "user": 7, "class": "m", "duration": 1}', "line 1: user"),
        ("[]", "line 1: expected an object, got '[]'"),
        ("{", "line 1 is not JSON"),
    ],
)
def test_a_json_line_that_is_none_is_named(theflow, text, said):
    (theflow.folder / "come.jsonl").write_text(text, encoding="utf-8")
    answer = theflow("shape", "simulate", "--arrivals", "come.jsonl")
    assert answer.code == 2
    assert said in answer.err


def test_what_classes_declare_comes_from_a_target(files):
    (files.folder / "mesh.py").write_text(
        "import theflow\nmesh = theflow.FlowScheme('mesh', concurrency=2)\n@mesh.task\ndef only(): pass\n",
        encoding="utf-8",
    )
    answer = files("shape", "simulate", "--arrivals", "come.csv", "--target", "mesh.py", "-o", "json")
    assert users(answer.json["simulations"][0]) == {"ann": 0, "bob": 0}


def test_the_flows_of_the_database_come_once_more(theflow):
    for _ in range(3):
        theflow.submit("order", "--user", "ann")
    assert theflow("run", "flows.py", "--burst").code == 0
    theflow.submit("order", "--user", "bob")
    answer = theflow("shape", "simulate", "--recorded", "-o", "json")
    assert "1 flow left out" in answer.err
    (found,) = answer.json["simulations"]
    assert (found["policy"], found["all"]["flows"], found["all"]["never"]) == ("as set", 3, 0)
    assert theflow("shape", "simulate", "--recorded", "--since", "2999-01-01T00:00:00Z").code == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("at,user,class,duraton\n0,ann,mesh,1\n", "line 2: there is no column 'duraton'; did you mean 'duration'?"),
        ("at,user,class\n0,ann,mesh\n", "line 2: duration is missing"),
        (CSV + "-1,ann,mesh,1\n", "line 5: at: expected seconds from 0"),
        (CSV + "1,ann,mesh,nan\n", "line 5: duration: expected seconds from 0"),
        (CSV + "1,ann,mesh,1e99\n", "line 5: duration: expected seconds from 0"),
        (CSV + "1,ann,mesh,soon\n", "line 5: duration: expected a number, got 'soon'"),
        (CSV + "1,ann,mesh\n", "line 5: it has other columns than the first line"),
        (CSV + "1,,mesh,1\n", "line 5: user is missing"),
        (CSV.replace("\n", ",units\n", 1).replace("10\n", "10,0\n"), "line 2: units: expected an int from 1"),
        ("at,user,class,duration\n", "has no arrivals"),
    ],
)
def test_an_arrival_that_is_none_is_named_by_its_line(theflow, text, said):
    (theflow.folder / "come.csv").write_text(text, encoding="utf-8")
    answer = theflow("shape", "simulate", "--arrivals", "come.csv")
    assert answer.code == 2
    assert said in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "give one of both"),
        ("--arrivals come.csv --recorded", "give one of both"),
        ("--arrivals none.csv", "none.csv cannot be read"),
        ("--arrivals come.csv --places 0", "places: expected an int from 1"),
        ("--arrivals come.csv --class mesh", "are for --recorded"),
        ("--arrivals come.csv --policy none.toml", "none.toml cannot be read"),
        ("--arrivals come.csv --svg none/chart.svg", "cannot be written"),
        ("--recorded", "there is no database"),
    ],
)
def test_a_wrong_call_says_so(files, words, said):
    answer = files("shape", "simulate", *words.split())
    assert answer.code == (6 if words == "--recorded" else 2)
    assert said in answer.err
