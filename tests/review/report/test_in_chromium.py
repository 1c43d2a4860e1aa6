"""The page of a report in a real browser: what it shows, what it does, and what it does not let happen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import lrspec
from lrspec.compiler.compile import Outcome
from lrspec.formats.explanation import explain
from lrspec.models.parameters import Parameter
from lrspec.review.diff.diff import Model, Side
from lrspec.review.report.report import of_outcome
from lrspec.review.snapshot import of_plan
from tests.pages import ROOT
from tests.review.report.specimens import HOSTILE, INVENTORY, SPEC, hostile, outcome

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chromium")]

Open = Callable[..., "Opened"]


class Opened:
    """A page in the browser, with all that it has reported and asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", self._dismiss)
        page.on("request", lambda request: self.asked.append(request.url))

    def _dismiss(self, dialog: Dialog) -> None:
        self.said.append(dialog.message)
        dialog.dismiss()

    def text(self, selector: str) -> str:
        """The text of an element."""
        return self.page.locator(selector).inner_text()

    def search(self, regex: str) -> str:
        """Search by a regex, and return what the page says of it."""
        self.page.fill("#search", regex)
        self.page.wait_for_selector("#marked:not([aria-busy])")
        return self.text("#marked")

    def rows(self, selector: str) -> list[list[str]]:
        """The cells of the rows of a table."""
        rows = self.page.locator(f"{selector} tbody tr").all()
        return [row.locator("td").all_inner_texts() for row in rows]

    def cell(self, node: str) -> Any:
        """The cell of the map whose label for screen readers begins with a name."""
        return self.page.locator(f'#map [role=treeitem][aria-label^="{node}:"]')

    def reported(self) -> str:
        """What the map says about the module or parameter that is chosen."""
        return self.text("#why h3")


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens reports in the browser; none may report an error, or ask for another file."""
    pages: list[tuple[Opened, list[str]]] = []

    def open(result: Outcome | str, expected: list[str] | None = None, **options: Any) -> Opened:
        file = tmp_path / f"{len(pages)}.html"
        html = result if isinstance(result, str) else of_outcome(result).html
        file.write_bytes(html.encode())
        seen = Opened(chromium.new_page(**options))
        seen.page.goto(file.as_uri())
        seen.page.wait_for_selector("html[data-ready], iframe")
        pages.append((seen, [file.as_uri()]))
        return seen

    yield open
    for seen, asked in pages:
        seen.page.close()
        assert seen.said == []
        assert [url for url in seen.asked if not url.startswith(("about:srcdoc", "blob:"))] == asked


# ------------------------------------------------------------------------------------------------- the plan


def elements_of(plan: dict[str, Any], names: str) -> tuple[str, str]:
    """The numbers of the parameters whose names a regex finds, and of their elements, as the page writes them."""
    found = [each for each in plan["parameters"] if re.search(names, each["name"])]
    return f"{len(found):,}", f"{sum(each['elements'] for each in found):,}"


def plan_of(result: Outcome) -> dict[str, Any]:
    assert result.plan is not None
    return result.plan.to_dict()


def test_its_numbers_are_those_of_the_plan(opened: Open) -> None:
    result = outcome()
    plan, page = plan_of(result), opened(result)
    shown = {name: (parameters, elements) for name, _, parameters, elements, _ in page.rows("#modules")}
    assert shown == {name: elements_of(plan, rf"^{name}\.") for name in ("stem", "blocks", "experts", "head", "extra")}
    assert page.text("#totals").startswith(
        f"{plan['model']['parameters']:,} parameters, {plan['model']['elements']:,} elements"
    )
    assert f"{len(plan['groups'])} groups" in page.text("#totals")
    rates = {name: rate for name, rate, *_ in page.rows("#modules")}
    assert rates == {
        "stem": "0.000625",
        "blocks": "0.00125 … 0.005",
        "experts": "0.001",
        "head": "frozen",
        "extra": "frozen",
    }


def test_rules_show_what_they_select(opened: Open) -> None:
    result = outcome()
    plan, page = plan_of(result), opened(result)
    selects = {"depth": r"^(stem|blocks|head)", "no-decay": "bias$", "experts": "^experts", "rest": "^extra"}
    assert {row[0]: (row[1], row[2]) for row in page.rows("#rules")} == {
        name: elements_of(plan, names) for name, names in selects.items()
    }
    for name, names in selects.items():
        page.page.click(f"#rules >> text='{name}'")
        parameters, elements = elements_of(plan, names)
        assert page.text("#marked").startswith(f"{name}: {parameters} of 26 parameters, {elements} elements")


def test_frozen_parts_are_listed_once(opened: Open) -> None:
    page = opened(outcome())
    assert page.rows("#frozen") == [["head", "the model", "2", "205"], ["extra", "rest", "2", "41"]]
    assert page.text("#frozen caption") == "4 parameters, 246 elements (11 %)"


def test_findings_are_shown_with_their_parameters(opened: Open) -> None:
    page = opened(outcome(SPEC.replace("^experts", r"^experts\.0")))
    assert "error LRS201 unmatched-parameter a.lrspec.yaml:4:1" in page.text("#diagnostics")
    page.page.click("#diagnostics button")
    assert page.text("#marked").startswith("LRS201 unmatched-parameter: 6 of 26 parameters")


def test_the_chart_has_every_rate(opened: Open) -> None:
    page = opened(outcome())
    titles = page.page.locator("#chart .bar title").all_text_contents()
    assert {title.partition(":")[0] for title in titles} == {
        "0.000625",
        "0.00125",
        "0.0025",
        "0.005",
        "0.001",
        "frozen",
    }


def test_a_comparison_shows_what_changed_on_the_same_picture(opened: Open) -> None:
    before = outcome(path="old.lrspec.yaml")
    assert before.plan is not None
    side = Side("old.lrspec.yaml", [Model("a model", {}, of_plan(before.plan))])
    new = outcome(SPEC.replace("layer_decay: 0.5", "layer_decay: 0.25").replace("lr_mult: 0.1", "freeze: true"))
    page = opened(of_outcome(new, side).html)
    assert page.page.input_value("#colour") == "change"
    assert page.text("#difference caption") == "old.lrspec.yaml → a.lrspec.yaml"
    changed = [(rule.split()[0], int(parameters)) for rule, _, _, parameters in page.rows("#difference")]
    assert sum(parameters for rule, parameters in changed if rule == "depth") == 14
    assert changed[-1] == ("experts", 8)
    page.cell("stem.weight").hover()
    assert "learning rate before: 0.000625" in page.text("#why p")
    fill = page.cell("blocks").locator("rect").get_attribute("fill")
    page.page.click("#difference button:has-text('experts')")
    assert page.text("#marked").startswith("experts")
    assert "8 of 26 parameters, 492 elements" in page.text("#marked")
    page.page.select_option("#colour", "rate")
    assert page.cell("blocks").locator("rect").get_attribute("fill") != fill


# ------------------------------------------------------------------------------------------------- the map


def test_the_parameter_under_the_pointer_is_explained(opened: Open) -> None:
    result = outcome()
    assert result.plan is not None
    assert result.resolution is not None
    page = opened(result)
    page.cell("blocks.1.attn.weight").hover()
    assert page.reported() == "blocks.1.attn.weight"
    lines = explain(result.resolution, result.plan, INVENTORY.index["blocks.1.attn.weight"]).split("\n")
    assert page.page.locator("#why pre").text_content() == "".join(f"{line[2:]}\n" for line in lines[1:])
    assert page.text("#why p") == lines[0].removeprefix("blocks.1.attn.weight ")


def test_the_tree_opens_by_clicks(opened: Open) -> None:
    page = opened(outcome())
    page.cell("blocks").click()
    assert page.text("#modules caption") == "In blocks"
    assert [row[0] for row in page.rows("#modules")] == ["0", "1", "2"]
    assert page.cell("stem").count() == 0
    page.page.click("#modules >> text='1'")
    assert [row[0] for row in page.rows("#modules")] == ["attn", "mlp"]
    page.page.click("#way >> text='(all)'")
    assert page.text("#modules caption") == "In the whole model"
    page.cell("blocks").click()
    page.cell("blocks").click()
    assert page.text("#modules caption") == "In the whole model"


def test_the_tree_opens_by_keys(opened: Open) -> None:
    page = opened(outcome())
    page.page.focus("#map svg")
    for key, name in (
        ("ArrowRight", "stem"),
        ("ArrowDown", "blocks"),
        ("ArrowRight", "blocks.0"),
        ("ArrowDown", "blocks.1"),
        ("Enter", "blocks.1"),
        ("ArrowRight", "blocks.1.attn"),
        ("ArrowLeft", "blocks.1"),
        ("Escape", "blocks.1"),
    ):
        page.page.keyboard.press(key)
        assert page.reported() == name, key
        active = page.page.get_attribute("#map svg", "aria-activedescendant")
        assert str(page.page.get_attribute(f"#{active}", "aria-label")).startswith(f"{name}: ")
    assert page.text("#modules caption") == "In blocks"
    page.page.keyboard.press("Home")
    assert page.text("#modules caption") == "In the whole model"


def test_modules_that_are_alike_are_drawn_once(opened: Open) -> None:
    page = opened(outcome())
    page.cell("experts").click()
    assert page.rows("#modules") == [["0 … 3 (4 ×)", "0.001", "8", "492", "21 %"]]
    page.cell("experts.0 … 3 (4 ×)").hover()
    assert "the first of 4 that are alike" in page.text("#why")
    page.cell("experts.0.up.weight").hover()
    assert page.reported() == "experts.0.up.weight"


def test_heights_can_be_numbers_of_parameters(opened: Open) -> None:
    page = opened(outcome())
    before = page.cell("stem").bounding_box()["height"]
    page.page.select_option("#height", "parameters")
    assert page.cell("stem").bounding_box()["height"] > before * 1.5


# ------------------------------------------------------------------------------------------------- searching


@pytest.mark.parametrize("regex", [r"\.bias$", r"^blocks\.(?P<block>[02])\.", "(?i)ATTN", r"\Alm\.", "nothing", r"\d"])
def test_a_search_marks_what_python_finds(regex: str, opened: Open) -> None:
    page = opened(outcome())
    said = page.search(regex)
    found = [each for each in INVENTORY.parameters if any(re.search(regex, name) for name in each.names)]
    assert said.startswith(f"matches: {len(found)} of 26 parameters, ")
    assert page.page.locator("#matches li").all_inner_texts() == [each.name for each in found]
    some = {name: any(each.name.startswith(f"{name}.") for each in found) for name in ("stem", "blocks", "head")}
    for name, marked in some.items():
        assert ("none" in page.cell(name).get_attribute("class").split()) is not marked
    page.page.click("#clear")
    assert page.page.locator(".none").count() == 0
    assert page.text("#marked") == ""


@pytest.mark.parametrize(
    ("regex", "reason"),
    [
        ("(?x)a", "the flags (?x) are not tried here, only (?i)"),
        ("a++", "possessive repeats (++) are unknown to the browser"),
        ("(?>a)", "groups of the form (?>… are not tried here"),
        (r"(a)\1", r"\1 is not tried here: the browser takes it differently"),
        (r"(?<=a|bc)d", "branches in a lookbehind are not tried here"),
        (r"(?<=a+)d", "repeats in a lookbehind are not tried here"),
        ("[a", "a [ is not closed"),
        ("(a", "Invalid regular expression"),
        ("\\", "it ends in a backslash"),
    ],
)
def test_a_regex_that_cannot_be_tried_is_said(regex: str, reason: str, opened: Open) -> None:
    page = opened(outcome())
    assert reason in page.search(regex)
    assert page.page.get_attribute("#search", "aria-invalid") == "true"
    assert page.page.input_value("#search") == regex


def test_a_slow_regex_does_not_stop_the_next_one(opened: Open) -> None:
    names = [f"{'a' * 60}.{index}" for index in range(10)]
    page = opened(outcome("lrspec: 1\nrules: [{match: 'a', lr: 1}]", lrspec.Inventory.from_names(names)))
    assert page.search("^(a+)+b").startswith("it takes too long: repeats within repeats")
    page.page.fill("#search", "^(a+)+c")
    assert page.search(r"a\.3$").startswith("matches: 1 of 10 parameters, ? elements")


TRICKY = [
    *(r"a|\.b", r"^a.*\Z", r"a{1,2}", r"a{,2}b", r"x{2}", r"{", r"a{b}", r"]", r"[]a]", r"[^]a]", r"[a\-z]", r"[-a]"),
    *(r"[a-]", r"\-\_\ \:\/", r"[\w.]+$", r"[^\w.]", r"\W", r"\D\d", r"\bb\b", r"\Bb", r"\x61", r"\u0061", r"a$"),
    *(r"(?!a)b", r"(?<!\.)b", r"(?<=\.)b", r"(?:a|b)+?c", r"(?#note)a", r"(?i)É", "é", r"\w+é", r"[\[a]", "[a&b]"),
    *(
        "(?P<x>a)(?P<y>b)?",
        r"[\d_]",
        r"^$",
        "",
        r"\.",
        ".",
        "a.b",
        r"(?i)K",
        "^(?:a|b)*$",
        "(?=.*b)a",
        r"[\b]",
        r"[.$^]",
    ),
]
NAMES = [
    "a",
    "b",
    "a.b",
    "aa",
    "aab",
    "xx",
    "{",
    "a{b}",
    "]",
    "a-z",
    "-_ :/",
    "é.É",
    "b.bias",
    "1.2",
    "_",
    "ab",
    "ba\n",
]


def regexes_of_specs() -> list[str]:
    """Every regex of the specs of timm's families, and of the examples."""
    texts = [
        text
        for folder in ("tests/timm_families", "examples")
        for file in sorted((ROOT / folder).glob("*.lrspec.yaml"))
        for text in _texts(yaml.safe_load(file.read_text(encoding="utf-8")).get("rules"))
    ]
    return list(dict.fromkeys(texts))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(item)


def test_the_browser_finds_what_python_finds(opened: Open) -> None:
    regexes = [*TRICKY, *regexes_of_specs()]
    names = [*NAMES, *(each.name for each in INVENTORY.parameters), *real_names()]
    page = opened(outcome())
    found = page.page.evaluate(
        """([regexes, names]) => regexes.map((source) => {
            try {
                const regex = browserRegex(source);
                return names.flatMap((name, place) => (regex.test(name) ? [place] : []));
            } catch (failure) {
                return failure.message;
            }
        })""",
        [regexes, names],
    )
    assert len(regexes) > 200
    for regex, places in zip(regexes, found, strict=True):
        assert places == [place for place, name in enumerate(names) if re.search(regex, name)], regex


def real_names() -> list[str]:
    """Names of parameters of some architectures of timm."""
    import timm
    import torch

    with torch.device("meta"):
        models = [
            timm.create_model(name) for name in ("vit_tiny_patch16_224", "resnet18", "swin_tiny_patch4_window7_224")
        ]
        return [name for model in models for name, _ in model.named_parameters()]


# ------------------------------------------------------------------------------------------------- safety


def test_a_hostile_name_does_nothing(opened: Open) -> None:
    page = opened(hostile())
    for _ in range(2):
        assert page.page.locator("img, b, svg script").count() == 0
        assert page.page.title() == f"{HOSTILE}.yaml for {HOSTILE} (a={HOSTILE})"
        names = [row[0] for row in page.rows("#modules")]
        assert names == [HOSTILE, "a", "b", "c", "d"]
        page.search("img")
        page.page.click("#rules >> text='all'")
        page.page.click("#diagnostics button >> nth=0")
        for cell in page.page.locator("#map .cell").all():
            cell.hover()
    page.page.focus("#map svg")
    page.page.click("#modules >> text='c'")
    assert [row[0] for row in page.rows("#modules")] == ["\\u{202e}evil"]


@pytest.mark.parametrize(
    "attack",
    [
        "<script>document.title = 'attacked'</script>",
        "<img src=x onerror=\"document.title = 'attacked'\">",
        "<style>body { display: none }</style>",
        "<p style='color: red'>",
        "<iframe src='data:text/html,other'></iframe>",
    ],
)
def test_what_is_not_of_the_page_is_refused_by_its_policy_and_reported(attack: str, opened: Open) -> None:
    html = of_outcome(outcome()).html.replace("<main>", f"<main>{attack}")
    page = opened(html)
    assert page.page.title() == "a.lrspec.yaml for a model"
    assert page.page.locator("main").is_visible()
    assert any("Content Security Policy" in line or "policy" in line for line in page.said), page.said
    page.said.clear()
    page.asked[1:] = []


# ------------------------------------------------------------------------------------------------- looks


def test_it_is_dark_where_the_reader_wants_it_dark(opened: Open) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        page = opened(outcome(), color_scheme=scheme)
        grounds.append(page.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.page.emulate_media(media="print")
        assert page.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not page.page.locator("#search").is_visible()
        assert page.page.locator("#map").is_visible()
    assert grounds == ["rgb(255, 255, 255)", "rgb(20, 23, 28)"]


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_no_page_is_wider_than_its_window(width: int, opened: Open) -> None:
    page = opened(hostile(), viewport={"width": width, "height": 800})
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width


ALL_AT_ONCE = "lrspec: 1\nrules: [{match: 'a', lr: 0}, {match: 'b', freeze: true}]"


@pytest.mark.parametrize(
    "parameters",
    [
        [],
        [Parameter("a")],
        [Parameter("a", (), (0,)), Parameter("b.a.b", (), ())],
        [Parameter("a", (), (10**200, 10**200)), Parameter("b", (), (1,))],
        [Parameter("a", (), (1,)), Parameter("a.b", (), (1,)), Parameter("..a", (), (1,)), Parameter("", (), (1,))],
        [Parameter(".".join("a" * 5000), (), (1,))],
    ],
    ids=["none", "no shapes", "no elements", "many elements", "names in names", "deep"],
)
def test_odd_models_are_shown(parameters: list[Parameter], opened: Open) -> None:
    page = opened(outcome(ALL_AT_ONCE, lrspec.Inventory(parameters)))
    assert page.text("#totals").startswith(f"{len(parameters)} parameter")
    assert page.search("a").startswith(f"matches: {len([each for each in parameters if 'a' in each.name])} of")


def test_a_notebook_shows_it_in_its_frame(opened: Open) -> None:
    report = lrspec.compile(lrspec.loads(SPEC), INVENTORY).report()
    page = opened(f"<!DOCTYPE html><title>notebook</title>{report._repr_html_()}")
    frame = page.page.frame_locator("iframe")
    frame.locator("html[data-ready]").wait_for()
    frame.locator('#map [role=treeitem][aria-label^="blocks:"]').click()
    assert frame.locator("#modules caption").inner_text() == "In blocks"
    frame.locator("#search").fill("bias$")
    frame.locator("#marked:not([aria-busy])").wait_for()
    assert frame.locator("#marked").inner_text().startswith("matches: 13 of 26")


def test_80_000_parameters_fit(opened: Open) -> None:
    names = [
        f"layers.{layer}.experts.{expert}.{part}.weight"
        for layer in range(64)
        for expert in range(417)
        for part in "abc"
    ]
    inventory = lrspec.Inventory([Parameter(name, (), (64, 32)) for name in names])
    text = r"""
lrspec: 1
optimizer: {type: AdamW, lr: 1e-3}
rules:
  - {name: depth, layers: ['^layers\.(\d+)\.'], layer_decay: 0.9}
"""
    report = lrspec.compile(lrspec.loads(text), inventory).report()
    assert len(names) > 80_000
    assert len(report.html.encode()) < 15_000_000
    page = opened(report.html)
    assert page.text("#totals").startswith(f"{len(names):,} parameters, {len(names) * 64 * 32:,} elements")
    assert page.search(r"experts\.7\.a\.").startswith("matches: 64 of")
    page.cell("layers").click()
    assert len(page.rows("#modules")) == 64


def test_data_are_what_the_file_has(opened: Open) -> None:
    page = opened(outcome())
    assert json.loads(str(page.page.text_content("#data")))["lrspec_report"] == 1
