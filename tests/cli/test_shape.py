"""`theflow shape show`, `set`, `pause` and `resume`, and the options of `theflow run` for them."""

from __future__ import annotations

import pytest

import theflow as package
from theflow import wire

GPU = '[[limit]]\nof="resource"\nname="gpu"\ncapacity=4\n'
MESH = '[[limit]]\nof="class"\nname="mesh"\nrate={units=10, per=60, burst=5}\n'


def limits(theflow):
    """The limits that are set, by kind, name and user; none where not even a database is."""
    if not (theflow.folder / ".theflow" / "theflow.db").exists():
        return {}
    found = theflow("shape", "show", "-o", "json").json["limits"]
    return {(each["kind"], each["name"], each["user"]): each for each in found}


def test_a_limit_is_set_piece_by_piece_and_says_old_and_new(theflow):
    assert theflow("shape", "set", "class", "mesh", "--capacity", "4").out == "class 'mesh': capacity none -> 4\n"
    answer = theflow("shape", "set", "class", "mesh", "--rate", "10/60", "--burst", "5", "--by", "ann", "--reason", "x")
    assert answer.out == "class 'mesh': rate none -> 10 in 60 s, at most 5 at once\n"
    assert theflow("shape", "set", "class", "mesh", "--rate", "20/60").code == 0
    found = limits(theflow)["class", "mesh", ""]
    assert (found["capacity"], found["rate"]) == (4, {"units": 20, "per": 60, "burst": 5})
    assert (found["in_use"], found["of_version"]) == (0, 3)
    assert theflow("shape", "set", "class", "mesh", "--none", "rate").out.endswith("at most 5 at once -> none\n")
    assert "nothing changes" in theflow("shape", "set", "class", "mesh", "--capacity", "4").err


def test_what_is_set_is_shown_with_who_when_and_why(theflow):
    theflow("shape", "set", "user", "ann", "--weight", "2", "--by", "eve", "--reason", "she pays")
    theflow("shape", "pause", "mesh", "--of", "bob", "--by", "eve", "--reason", "he does not")
    shown = theflow("shape", "show").out
    assert all(word in shown for word in ("user 'ann'", "eve", "she pays", "class mesh, user bob", "he does not"))
    assert theflow("shape", "resume", "mesh", "--of", "bob").code == 0
    lines = theflow("shape", "show", "--history").out.splitlines()
    assert ["pause" in lines[2], "limit user, user ann: weight none -> 2.0" in lines[1]] == [True, True]
    history = theflow("shape", "show", "--history", "-o", "json").json["requests"]
    assert [each["verb"] for each in history] == ["limit", "pause", "resume"]


def test_a_whole_limit_goes_only_if_somebody_agrees(theflow):
    theflow("shape", "set", "queue", "mesh", "ann", "--capacity", "2")
    answer = theflow("shape", "set", "queue", "mesh", "ann", "--none", "all")
    assert answer.code == 2
    assert "Try: theflow shape set queue mesh ann --none all --yes" in answer.err
    assert theflow("shape", "set", "queue", "mesh", "ann", "--none", "all", "-y").code == 0
    assert limits(theflow) == {}


def test_a_file_is_set_whole_once_somebody_agrees(theflow):
    (theflow.folder / "limits.toml").write_text(GPU + MESH, encoding="utf-8")
    answer = theflow("shape", "set", "--file", "limits.toml")
    assert answer.code == 2
    assert "set 2 limits? Nobody is there to answer" in answer.err
    assert "resource 'gpu': capacity none -> 4" in answer.err
    assert limits(theflow) == {}
    assert theflow("shape", "set", "--file", "limits.toml", "-y", "-o", "json").json["limits"][0]["name"] == "gpu"
    assert set(limits(theflow)) == {("resource", "gpu", ""), ("class", "mesh", "")}
    assert "nothing changes" in theflow("shape", "set", "--file", "limits.toml").err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MESH + GPU.replace("capacity", "capacty"), "limit 2: there is no key 'capacty'; did you mean 'capacity'?"),
        (MESH + GPU.replace('"resource"', '"resorce"'), "did you mean 'resource'?"),
        (MESH.replace("burst", "brst"), "rate: there is no key 'brst'; did you mean 'burst'?"),
        (MESH.replace("units=10, ", ""), "the units of a rate: expected an int from 1"),
        (GPU.replace("4", "true"), "capacity: expected an int from 1"),
        (GPU.replace("4", "nan"), "capacity: expected an int from 1"),
        (GPU + GPU, "was limited before"),
        (GPU.replace("capacity=4", ""), "limits nothing"),
        (GPU.replace("limit", "limits"), "there is no table 'limits'; did you mean 'limit'?"),
        ("limit = 3", "write [[limit]]"),
        ("[[limit", "is no TOML"),
    ],
)
def test_a_file_in_which_one_thing_is_wrong_sets_nothing(theflow, text, said):
    (theflow.folder / "limits.toml").write_text(text, encoding="utf-8")
    answer = theflow("shape", "set", "--file", "limits.toml", "-y")
    assert answer.code == 2
    assert said in answer.err
    assert limits(theflow) == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("class mesh --capacity 0", "capacity: expected an int from 1 to 2147483647, got 0"),
        ("class mesh --capacity -3", "got -3"),
        ("class mesh --capacity 1e9", "--capacity: expected a whole number, got '1e9'"),
        ("class mesh --capacity 99999999999999999999", "got 99999999999999999999"),
        ("class mesh --rate 10", "--rate: expected UNITS/SECONDS, got '10'"),
        ("class mesh --rate 10/nan", "per: expected seconds"),
        ("class mesh --rate 10/0", "per: expected seconds"),
        ("class mesh --rate 0/1", "the units of a rate: expected an int from 1"),
        ("class mesh --rate 1/1 --burst 0", "--burst: expected a whole number from 1"),
        ("class mesh --burst 3", "a burst is of a rate, and none is set or given"),
        ("class mesh --weight 2", "give it to a user or a queue"),
        ("user ann --weight nan", "weight: expected a number"),
        ("user ann --weight inf", "weight: expected a number"),
        ("clas mesh --capacity 1", "there is no kind of limit 'clas'; did you mean 'class'?"),
        ("class --capacity 1", "class needs a name"),
        ("all mesh --capacity 1", "all takes no name"),
        ("class mesh", "nothing is said of class 'mesh'"),
        ("class mesh --rate 1/1 --none rate", "in one call"),
        ("", "name what is to be limited"),
        ("--file none.toml", "none.toml cannot be read"),
    ],
)
def test_a_wrong_limit_is_refused_in_a_line(theflow, words, said):
    answer = theflow("shape", "set", *words.split())
    assert answer.code == 2
    assert said in answer.err
    assert limits(theflow) == {}


def test_a_resource_below_what_a_class_uses_is_refused_alone_and_in_a_file(theflow):
    scheme = package.FlowScheme("order", uses={"gpu": 6})
    scheme.add(lambda: None, name="only")
    (theflow.folder / "limits.toml").write_text(MESH + GPU, encoding="utf-8")
    with wire.bootstrap(None, [scheme]):
        alone = theflow("shape", "set", "resource", "gpu", "--capacity", "4")
        together = theflow("shape", "set", "--file", "limits.toml", "-y")
    for answer in (alone, together):
        assert answer.code == 2
        assert "a flow of class 'order' uses 6 of it" in answer.err
    assert limits(theflow) == {}


def test_a_runtime_takes_labels_and_counts_of_its_classes(theflow):
    flow = theflow.submit("order")
    (theflow.folder / "gpu.py").write_text(
        "import theflow\norder = theflow.FlowScheme('order', requires=['gpu'])\n@order.task\ndef charge(): pass\n",
        encoding="utf-8",
    )
    assert theflow("run", "gpu.py", "--burst", "--label", "gpu", "--flows-of", "order=1").code == 0
    assert theflow("show", flow, "-o", "json").json["flow"]["status"] == "succeeded"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--flows-of ordr=1", "there is no class 'ordr'; did you mean 'order'?"),
        ("--flows-of order=0", "expected an int from 1"),
        ("--flows-of order=many", "--flows-of order: expected a whole number, got 'many'"),
        ("--flows-of order", "is not written KEY=VALUE"),
    ],
)
def test_a_wrong_count_of_flows_is_refused(theflow, words, said):
    answer = theflow("run", "flows.py", "--burst", *words.split())
    assert answer.code == 2
    assert said in answer.err
