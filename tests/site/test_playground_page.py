"""The page of the playground in a real browser, with lrspec itself in it: what it offers, shows, links and refuses."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag

import pytest

import lrspec
from lrspec.compiler.compile import attempt
from lrspec.diagnostics.report import report
from lrspec.formats.explanation import explain
from lrspec.formats.json import as_json
from lrspec.models.parameters import Parameter
from lrspec.spec.load import SpecFile

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chromium")]

Open = Callable[..., "Opened"]

SPEC = """\
lrspec: 1
optimizer: {type: AdamW, lr: 1e-3, weight_decay: 0.05}
rules:
  - {name: stem, match: '^(conv1|bn1)', lr_mult: 0.1}
  - {name: rest, fallback: true, lr_mult: 1}
"""
MISTAKEN = SPEC.replace("^(conv1|bn1)", "^bn_1")
MARKS = count()
HANGING = SPEC.replace("^(conv1|bn1)", r"^(?:\w?\w?\w?\.?)*!")


class Opened:
    """The page, with all that it has reported and asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(20_000)
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", self._dismiss)
        page.on("request", lambda request: self.asked.append(request.url))

    def _dismiss(self, dialog: Dialog) -> None:
        self.said.append(dialog.message)
        dialog.dismiss()

    def settled(self) -> Opened:
        """Wait until what is shown is of the spec as it is."""
        self.wait("document.body.dataset.filled?.endsWith(` ${document.body.dataset.version}`)")
        return self

    def wait(self, condition: str) -> None:
        """Wait until an expression is true; as a function, since the page allows no `eval`."""
        self.page.wait_for_function(f"() => {condition}", timeout=20_000)

    def text(self, selector: str) -> str:
        """The text of an element."""
        return self.page.locator(selector).inner_text()

    def follow(self, url: str) -> None:
        """Open a link in the page as it is, on the first tab."""
        self.said.clear()
        self.asked.clear()
        if self.page.url == "about:blank":
            self.page.goto(url)
            return
        self.page.mouse.move(0, 0)
        self.page.fill("#find", "")
        self.page.locator("#tab-table").click()
        self.page.evaluate(
            "url => { document.body.dataset.filled = ''; history.replaceState(null, '', '#-'); location.href = url; }",
            url,
        )

    @property
    def spec(self) -> str:
        """The text in the editor."""
        return "\n".join(line.rstrip("\n") for line in self.page.locator(".cm-line").all_inner_texts())

    @property
    def state(self) -> dict[str, Any]:
        """The state that the address has."""
        self.wait("location.hash.length > 1")
        return unpacked(urldefrag(self.page.url).fragment)

    def click_behind(self, words: str) -> None:
        """Put the cursor behind the first place in the editor that has these words."""
        line = self.page.locator(".cm-line", has_text=words).first
        line.click()
        self.page.keyboard.press("Home")
        for _ in range(line.inner_text().lstrip().index(words) + len(words)):
            self.page.keyboard.press("ArrowRight")

    def write(self, text: str) -> None:
        """Write at the cursor, key by key."""
        self.page.keyboard.type(text)

    def offers(self) -> list[str]:
        """What completion offers, once it does."""
        self.page.wait_for_selector(".cm-tooltip-autocomplete li")
        self.page.wait_for_timeout(150)  # the editor takes an Enter for another line just after the list has appeared
        return self.page.locator(".cm-tooltip-autocomplete .cm-completionLabel").all_inner_texts()

    def tab(self, name: str) -> str:
        """Open a tab, and return its text."""
        self.page.locator(f"#tab-{name}").click()
        self.wait(f"document.body.dataset.filled?.startsWith('{name} ')")
        return self.settled().text(f"#{name}")

    def choose_file(self, name: str, content: str) -> None:
        """Choose a file, as with the button."""
        self.page.locator("#file").set_input_files({"name": name, "mimeType": "text/plain", "buffer": content.encode()})


@pytest.fixture(scope="module")
def shared(chromium: Browser, playground: str) -> Iterator[Opened]:
    """One page for many tests, since lrspec takes seconds to start."""
    with fresh(chromium, playground) as seen:
        yield seen


@pytest.fixture
def opened(chromium: Browser, playground: str, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens a link, in a page of its own if it has options or is the second one of the test.

    No page may report an error, or ask for anything that is not the page's own.
    """
    with ExitStack() as stack:
        pages: list[Opened] = []

        def open(fragment: str = "", settle: bool = True, before: str = "", **options: Any) -> Opened:
            if pages or before or options or not settle:
                seen = stack.enter_context(fresh(chromium, playground, before, **options))
                seen.page.goto(f"{playground}#{fragment}")
            else:
                seen = request.getfixturevalue("shared")
                seen.follow(f"{playground}#{fragment}")
            pages.append(seen)
            return seen.settled() if settle else seen

        yield open
        for seen in pages:
            assert seen.said == []
            assert [url for url in seen.asked if not url.startswith((playground, "blob:", "data:"))] == []


@contextmanager
def fresh(chromium: Browser, playground: str, before: str = "", **options: Any) -> Iterator[Opened]:
    """A page of its own, in which a script may run `before` those of the page."""
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"], **options)
    seen = Opened(context.new_page())
    if before:
        seen.page.add_init_script(before)
    yield seen
    context.close()


@pytest.fixture(scope="module")
def inventory(playground_folder: Path) -> lrspec.Inventory:
    """The saved inventory of resnet18."""
    return lrspec.Inventory.load(playground_folder / "inventories" / "resnet18.params.json")


def packed(**state: Any) -> str:
    """A state as the page writes it into a link, each time another one."""
    state["mark"] = next(MARKS)
    squeezer = zlib.compressobj(wbits=-15)
    data = squeezer.compress(json.dumps({"version": 1, **state}).encode()) + squeezer.flush()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unpacked(fragment: str) -> dict[str, Any]:
    data = base64.urlsafe_b64decode(fragment + "=" * (-len(fragment) % 4))
    state: dict[str, Any] = json.loads(zlib.decompress(data, wbits=-15))
    return state


def resnet18(spec: str) -> str:
    """A link to a spec with the inventory of resnet18."""
    return packed(text=spec, model="resnet18", start=SPEC)


# -------------------------------------------------------------------------------------------- completion


def test_keys_are_offered_with_their_help(opened: Open) -> None:
    page = opened(packed(text="lrspec: 1\n"))
    page.click_behind("lrspec: 1")
    page.write("\nop")
    assert page.offers() == ["optimizer", "optimizers"]
    assert "What every group starts from." in page.text(".cm-completionInfo")
    page.page.keyboard.press("Enter")
    assert page.spec == "lrspec: 1\noptimizer: \n"


def test_keys_that_exclude_each_other_are_not_offered(opened: Open) -> None:
    page = opened(resnet18(SPEC))
    page.click_behind("lr_mult: 0.1")
    page.write(", l")
    assert "lr_scale" in page.offers()
    assert not {"lr", "lr_mult", "layers"} & {*page.offers()}


def test_values_are_offered(opened: Open) -> None:
    page = opened(resnet18(SPEC))
    page.click_behind("type: AdamW")
    page.page.keyboard.press("Backspace")
    page.page.keyboard.press("Control+Space")
    assert page.offers()[:3] == ["Adam", "Adamax", "AdamW"]


def test_the_arguments_of_an_optimizer_are_offered(opened: Open) -> None:
    page = opened(resnet18(SPEC.replace("AdamW", "SGD")))
    page.click_behind("weight_decay: 0.05")
    page.write(", mo")
    assert page.offers() == ["momentum"]


def test_keys_are_offered_in_json_with_quotes(opened: Open) -> None:
    page = opened(packed(text='{"lrspec": 1}'))
    page.click_behind('{"lrspec": 1')
    page.write(', "ru')
    assert page.offers() == ["rules"]
    page.page.keyboard.press("Enter")
    assert page.spec == '{"lrspec": 1, "rules": }'


def test_names_of_parameters_are_offered_in_a_regex(opened: Open) -> None:
    page = opened(resnet18(SPEC))
    page.click_behind("'^(conv1|bn1")
    page.write("|lay")
    assert r"layer1\." in page.offers()
    assert r"layer(\d+)\." in page.offers()


def test_a_key_says_what_it_is(opened: Open) -> None:
    page = opened(resnet18(SPEC))
    page.page.locator(".tok-key", has_text="lr_mult").first.hover()
    page.page.wait_for_selector(".key-help")
    assert page.text(".key-help") == "lr_mult The learning rate, as a multiple of `optimizer.lr`."


# -------------------------------------------------------------------------------------------- diagnostics


def test_a_mistake_is_underlined_and_listed_as_in_a_terminal(opened: Open, inventory: lrspec.Inventory) -> None:
    page = opened(resnet18(MISTAKEN))
    file = lrspec.loads(MISTAKEN)
    assert page.page.locator(".cm-lintRange-error").all_inner_texts() == ["'^bn_1'"]
    expected = report(attempt(file, inventory).diagnostics, file.document.text).replace(
        "<text>", "resnet18.lrspec.yaml"
    )
    listed = "\n\n".join([*page.page.locator("#listed li").all_inner_texts(), page.text("#found")])
    assert listed.split() == expected.split()
    carets = "\n".join(line for line in expected.splitlines() if re.match(r" *\d* \|", line))
    assert "\n".join(page.page.locator("#listed pre").all_text_contents()) == carets


def test_columns_count_characters(opened: Open) -> None:
    spec = SPEC.replace("{name: stem, ", "{name: stem, tags: {of: '🙂🙂'}, ").replace("^(conv1|bn1)", "^nothing")
    page = opened(resnet18(spec))
    assert page.page.locator(".cm-lintRange-error").all_inner_texts() == ["'^nothing'"]


def test_a_code_links_to_its_page(opened: Open) -> None:
    page = opened(resnet18(MISTAKEN))
    links = [link.get_attribute("href") for link in page.page.locator("#listed a").all()]
    assert "../diagnostics/LRS203/" in links


def test_a_place_in_the_list_leads_into_the_editor(opened: Open) -> None:
    page = opened(resnet18(MISTAKEN))
    page.page.locator("#listed .place").first.click()
    assert page.page.evaluate("getSelection().toString()") == "'^bn_1'"


def test_hovering_shows_the_message(opened: Open) -> None:
    page = opened(resnet18(MISTAKEN))
    page.page.locator(".cm-lintRange-error").first.hover()
    page.page.wait_for_selector(".cm-tooltip .cm-diagnostic")
    assert "selects nothing" in page.text(".cm-tooltip .cm-diagnostic")


def test_a_suggestion_is_a_fix_of_one_click(opened: Open) -> None:
    page = opened(resnet18(SPEC.replace("lr_mult: 0.1", "lr_mlt: 0.1")))
    page.page.locator(".fix").click()
    page.settled()
    assert page.spec == SPEC
    assert page.text("#found") == "No problems"
    assert page.page.locator(".cm-content").evaluate("each => each === document.activeElement")


# -------------------------------------------------------------------------------------------- models


def test_each_saved_inventory_compiles_with_its_spec(opened: Open) -> None:
    page = opened()
    options = page.page.locator("#model optgroup option").all()
    assert len(options) == 30
    for value, label in [(option.get_attribute("value"), option.inner_text()) for option in options]:
        page.page.select_option("#model", value)
        page.wait(f"document.querySelector('#table .title')?.textContent.includes({value!r})")
        page.settled()
        assert "error" not in page.text("#found"), label
        totals = page.page.locator("#table tfoot").first.inner_text()
        assert f"({totals.split()[1]})" in label, label


def test_a_spec_that_was_edited_stays_with_another_model(opened: Open) -> None:
    page = opened(resnet18(SPEC.replace("0.1", "0.2")))
    page.page.select_option("#model", "")
    page.settled()
    assert page.spec == SPEC.replace("0.1", "0.2")
    assert page.text("#table") == "Choose a model to see the groups."


def test_the_first_spec_of_a_model_is_at_hand(opened: Open) -> None:
    page = opened(packed(text=SPEC, start=SPEC, model="gpt2"))
    page.page.locator("#first").click()
    page.wait("document.querySelector('.cm-content').textContent.includes('layer_decay')")
    assert page.settled().text("#found") == "No problems"
    assert page.page.locator("#first").is_disabled()


def test_a_file_of_names_is_an_inventory(opened: Open) -> None:
    page = opened(resnet18(SPEC.replace("0.1", "0.2")))
    page.choose_file("mine.txt", "conv1.weight\nfc.weight\nfc.bias\n")
    page.wait("document.querySelector('#about-model').textContent === '3 parameters'")
    page.settled()
    assert page.page.locator("#model option:checked").inner_text() == "mine.txt"
    assert "mine.txt stays in this page" in page.text("#notices")
    page.page.wait_for_timeout(500)
    assert page.state.get("model") is None
    assert page.state["opened"] == "mine.txt"
    assert "fc.bias" not in json.dumps(page.state)


def test_a_dropped_inventory_gets_a_first_spec(opened: Open, inventory: lrspec.Inventory) -> None:
    page = opened()
    content = json.dumps(inventory.to_dict() | {"source": "params:dropped"})
    page.page.evaluate(
        """content => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([content], "dropped.params.json"));
          for (const type of ["dragover", "drop"])
            document.querySelector("#editor").dispatchEvent(
              new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}));
        }""",
        content,
    )
    page.page.wait_for_selector("#model option:checked:text('dropped.params.json')", state="attached")
    page.settled()
    assert page.text("#found") == "No problems"
    assert page.page.locator("#about-model").get_attribute("title") == "params:dropped"


def test_a_dropped_spec_is_opened(opened: Open) -> None:
    page = opened()
    page.choose_file("mine.lrspec.yaml", SPEC)
    page.wait("document.querySelector('.cm-content').textContent.includes('stem')")
    assert page.settled().spec == SPEC


def test_a_spec_that_is_opened_can_be_taken_back(opened: Open) -> None:
    page = opened(resnet18(SPEC))
    page.click_behind("lr_mult: 0.1")
    page.write("5")
    page.choose_file("mine.lrspec.yaml", MISTAKEN)
    page.wait("document.querySelector('.cm-content').textContent.includes('bn_1')")
    assert "Undo" in page.text("#notices")
    page.page.locator(".cm-content").click()
    page.page.keyboard.press("Control+Z")
    assert page.settled().spec == SPEC.replace("0.1", "0.15")


def test_a_spec_from_a_file_stays_with_another_model(opened: Open) -> None:
    page = opened()
    page.choose_file("spec.txt", SPEC)
    page.wait("document.querySelector('.cm-content').textContent.includes('stem')")
    page.page.select_option("#model", "gpt2")
    page.wait("document.querySelector('#model').value === 'gpt2'")
    assert page.settled().spec == SPEC


def test_an_inventory_and_a_spec_are_opened_together(opened: Open) -> None:
    page = opened()
    files = [("a.yaml", SPEC), ("b.txt", "conv1.weight\nfc.weight\n"), ("c.txt", "x\n")]
    payloads: list[Any] = [{"name": name, "mimeType": "text/plain", "buffer": text.encode()} for name, text in files]
    page.page.locator("#file").set_input_files(payloads)
    page.wait("document.querySelector('#about-model').textContent === '2 parameters'")
    assert page.settled().spec == SPEC
    assert "not opened: c.txt" in page.text("#notices")


def test_the_last_choice_of_a_model_wins(opened: Open) -> None:
    page = opened(packed(text=SPEC), settle=False).settled()
    held: list[Any] = []
    page.page.route("**/gpt2.params.json", lambda route: held.append(route))
    page.page.select_option("#model", "gpt2")
    page.page.select_option("#model", "resnet18")
    page.wait("document.querySelector('#table .title')?.textContent.includes('resnet18')")
    held[0].continue_()
    page.page.wait_for_timeout(500)
    assert page.page.locator("#model").input_value() == "resnet18"
    assert "resnet18" in page.settled().text("#table .title")


def test_what_is_typed_while_a_model_loads_stays(opened: Open) -> None:
    page = opened(settle=False).settled()
    held: list[Any] = []
    page.page.route("**/gpt2.params.json", lambda route: held.append(route))
    page.page.select_option("#model", "gpt2")
    page.page.locator(".cm-content").click()
    page.page.keyboard.press("Control+End")
    page.write("# mine")
    held[0].continue_()
    page.wait("document.querySelector('#about-model').textContent.includes('124 M')")
    assert page.settled().spec.endswith("# mine")


def test_the_spec_and_the_inventory_are_saved_as_files(opened: Open, playground_folder: Path) -> None:
    page = opened(packed(text=SPEC, model="gpt2"))
    with page.page.expect_download() as download:
        page.page.locator("#save-spec").click()
    assert download.value.suggested_filename == "gpt2.lrspec.yaml"
    assert Path(download.value.path()).read_text() == SPEC
    with page.page.expect_download() as download:
        page.page.locator("#save-model").click()
    assert download.value.suggested_filename == "gpt2.params.json"
    saved = playground_folder / "inventories" / "gpt2.params.json"
    assert Path(download.value.path()).read_text() == saved.read_text()


def test_a_file_that_is_no_inventory_is_refused_in_words(opened: Open) -> None:
    page = opened()
    before = page.text("#table")
    page.choose_file("broken.json", '{"lrspec_params": 1, "parameters": [{"name": 7}]}')
    page.page.wait_for_selector(".notice")
    assert "broken.json" in page.text("#notices")
    assert "Traceback" not in page.text("#notices")
    assert page.page.locator("#model").input_value() == "resnet18"
    assert page.text("#table") == before


# -------------------------------------------------------------------------------------------- the result


def outcome_of(text: str, inventory: lrspec.Inventory) -> Any:
    file: SpecFile = lrspec.loads(text)
    return attempt(file, inventory)


def test_a_row_opens_into_its_parameters(opened: Open) -> None:
    page = opened(resnet18(SPEC))
    page.page.locator(".opens").first.click()
    assert page.page.locator("#table .name").all_inner_texts() == ["conv1.weight", "bn1.weight", "bn1.bias"]
    cells = page.page.locator("#table tr.parameter").first.locator("td").all_inner_texts()
    assert cells == ["", "conv1.weight", "[64, 3, 7, 7]", "9,408", "0.0001", "0.05"]


def test_a_click_on_a_parameter_explains_it(opened: Open, inventory: lrspec.Inventory) -> None:
    page = opened(resnet18(SPEC))
    page.page.locator(".opens").first.click()
    page.page.locator("#table .name").nth(1).click()
    outcome = outcome_of(SPEC, inventory)
    index = [each.name for each in inventory.parameters].index("bn1.weight")
    assert page.tab("explain") == explain(outcome.resolution, outcome.plan, index)


def test_the_diff_is_to_the_spec_that_one_started_with(opened: Open) -> None:
    page = opened(resnet18(SPEC.replace("0.1", "0.5")))
    assert "0.0001" in page.tab("diff")
    assert "0.0005" in page.text("#diff")
    page.page.locator("#diff button", has_text="Restore").click()
    assert "Nothing is changed yet" in page.tab("diff")
    assert page.spec == SPEC


def test_a_spec_in_json_is_compared_with_one_in_yaml(opened: Open) -> None:
    rules = [{"name": "all", "fallback": True, "lr_mult": 0.5}]
    value = {"lrspec": 1, "optimizer": {"type": "AdamW", "lr": 1e-3, "weight_decay": 0.05}, "rules": rules}
    page = opened(resnet18(json.dumps(value)))
    assert "0.0005" in page.tab("diff")


def test_the_json_is_that_of_the_command(opened: Open, inventory: lrspec.Inventory) -> None:
    page = opened(resnet18(SPEC))
    page.tab("json")
    with page.page.expect_download() as download:
        page.page.locator("#json button", has_text="Download").click()
    plan = lrspec.compile(lrspec.loads(SPEC), inventory).to_dict()
    plan["spec"]["path"] = "resnet18.lrspec.yaml"
    expected = as_json(plan)
    assert Path(download.value.path()).read_text() == expected
    page.page.locator("#json button", has_text="Copy").click()
    page.page.wait_for_selector("#json button:text('Copied')")
    assert page.page.evaluate("navigator.clipboard.readText()") == expected


def test_parameters_are_found_by_words(opened: Open) -> None:
    page = opened(resnet18(SPEC))
    page.page.fill("#find", "layer1 BIAS")
    assert page.text("#table .title") == "4 parameters of 62"
    page.page.fill("#find", "")
    assert page.page.locator("#table .opens").count() == 2


def test_many_parameters_are_shown_some_at_a_time(opened: Open) -> None:
    page = opened()
    page.page.select_option("#model", "resnet18")
    page.choose_file("many.txt", "".join(f"blocks.{index}.weight\n" for index in range(5000)))
    page.wait("document.querySelector('#about-model').textContent === '5,000 parameters'")
    page.settled()
    page.page.fill("#find", "blocks")
    assert page.page.locator("#table .name").count() == 200
    page.page.locator(".more").click()
    assert page.page.locator("#table .name").count() == 400


# -------------------------------------------------------------------------------------------- what takes too long


def test_a_regex_that_hangs_is_stopped_and_the_page_goes_on(opened: Open) -> None:
    page = opened(resnet18(HANGING))
    assert "It took longer than 5 s" in page.text("#notices")
    assert "Most likely a regex" in page.text("#notices")
    assert "line 4" in page.text("#notices")
    page.page.locator(".cm-content").click()
    page.page.keyboard.press("Control+A")
    page.page.keyboard.press("Backspace")
    page.page.keyboard.insert_text(SPEC)
    page.settled()
    assert page.text("#found") == "No problems"
    assert page.text("#notices") == ""


def test_a_change_ends_a_check_that_takes_long(opened: Open) -> None:
    page = opened(resnet18(HANGING), settle=False)
    page.page.wait_for_selector("#stop:visible", timeout=20_000)
    page.page.wait_for_timeout(1500)
    page.click_behind("!")
    page.page.keyboard.press("Backspace")
    page.settled()
    assert page.text("#notices") == ""
    assert page.text("#found") == "No problems"


def test_a_check_is_stopped_by_the_button(opened: Open) -> None:
    page = opened(resnet18(HANGING), settle=False)
    page.page.locator("#stop").click(timeout=60_000)
    page.settled()
    assert "Stopped after your click" in page.text("#notices")


def test_a_link_made_to_be_slow_does_not_hold_the_page(opened: Open) -> None:
    page = opened(resnet18(f"{HANGING}#({'+' * 200_000}\n"), settle=False)
    page.page.wait_for_selector(".notice", timeout=30_000)
    assert "Look at line 4." in page.text("#notices")


def test_a_spec_of_very_many_levels_does_not_break_the_editor(opened: Open) -> None:
    page = opened(packed(text=f"a: {'[' * 20_000}"))
    page.page.locator(".cm-content").click()
    page.page.keyboard.press("Control+End")
    page.write("x")
    assert "LRS" in page.settled().text("#listed")


def test_a_start_that_fails_is_tried_again(chromium: Browser, playground: str) -> None:
    with fresh(chromium, playground) as page:
        page.page.goto(f"{playground}#{resnet18(SPEC)}")
        page.settled().page.context.set_offline(True)
        page.page.locator(".cm-content").click()
        page.page.keyboard.press("Control+A")
        page.page.keyboard.insert_text(HANGING)
        page.page.wait_for_selector(".notice:has-text('could not be loaded')", timeout=30_000)
        page.page.keyboard.press("Control+Z")
        page.page.context.set_offline(False)
        if page.page.locator(".notice button", has_text="Try again").count():
            page.page.locator(".notice button", has_text="Try again").click()
        page.page.wait_for_selector("body[data-state=ready]", timeout=30_000)
        assert page.settled().text("#found") == "No problems"
        assert page.text("#notices") == ""


# -------------------------------------------------------------------------------------------- the link


def test_what_is_too_long_for_a_link_is_not_copied(opened: Open) -> None:
    page = opened(resnet18(SPEC))
    noise = base64.b64encode(b"".join(hashlib.sha256(bytes([i, j])).digest() for i in range(80) for j in range(256)))
    page.page.evaluate("() => navigator.clipboard.writeText('before')")
    page.choose_file("long.yaml", f"{SPEC}# {noise.decode()}\n")
    page.page.wait_for_selector(".notice:has-text('too long for a link')")
    page.page.locator("#copy-link").click()
    page.page.wait_for_selector("#copy-link:text('Too long')")
    assert page.page.evaluate("navigator.clipboard.readText()") == "before"
    assert "#" not in page.page.url


def test_a_link_opened_anew_shows_the_same(opened: Open) -> None:
    page = opened()
    page.page.select_option("#model", "resnet18")
    page.click_behind("0.75")
    page.write("5")
    page.settled()
    page.page.locator("#copy-link").click()
    page.page.wait_for_selector("#copy-link:text('Copied')")
    link = page.page.evaluate("navigator.clipboard.readText()")
    assert link == page.page.url
    other = opened(urldefrag(link).fragment)
    assert other.spec == page.spec
    for tab in "table", "diff", "json":
        assert other.tab(tab) == page.tab(tab)


def test_changes_add_nothing_to_the_history(opened: Open) -> None:
    page = opened(resnet18(SPEC))
    before = page.page.evaluate("() => history.length")
    page.click_behind("lr_mult: 0.1")
    page.write("555")
    page.settled().page.wait_for_timeout(600)
    assert "0.1555" in page.state["text"]
    assert page.page.evaluate("() => history.length") == before


@pytest.mark.parametrize(
    "fragment", ["AAAA", "%%%", packed(text="x")[:-3], packed(text=7), packed(text="x", model="none")]
)
def test_a_link_that_is_broken_is_said_to_be(opened: Open, fragment: str) -> None:
    page = opened(fragment)
    assert re.search("The link is not whole|no model none", page.text("#notices"))


def test_a_link_of_an_opened_inventory_asks_for_the_file(opened: Open) -> None:
    page = opened(packed(text=SPEC, opened="mine.txt", start=SPEC))
    assert "mine.txt is not in the link" in page.text("#notices")
    assert page.text("#found") == "No problems"


# -------------------------------------------------------------------------------------------- who uses it, and how


def test_it_is_used_by_keyboard(opened: Open) -> None:
    page = opened(resnet18(SPEC))
    page.page.locator("#tab-table").focus()
    page.page.keyboard.press("ArrowRight")
    assert page.page.locator("[role=tab][aria-selected=true]").inner_text() == "Explain"
    page.page.keyboard.press("Home")
    page.page.locator(".opens").first.focus()
    page.page.keyboard.press("Enter")
    assert page.page.locator(".opens").first.get_attribute("aria-expanded") == "true"
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Enter")
    assert page.tab("explain").startswith("conv1.weight ")


def test_every_control_has_a_name(opened: Open) -> None:
    page = opened(resnet18(MISTAKEN))
    for control in page.page.locator("button:visible, select:visible, input:visible, [role=tabpanel]:visible").all():
        assert control.evaluate(
            "c => c.ariaLabel || c.innerText || c.labels?.[0]?.innerText || c.getAttribute('aria-labelledby')"
        )


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_wider_than_the_page(opened: Open, width: int) -> None:
    page = opened(resnet18(MISTAKEN), viewport={"width": width, "height": 800})
    page.page.locator("#tab-table").click()
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    editor, table = (page.page.locator(each).bounding_box() for each in ("#editor", "#table"))
    assert editor
    assert table
    assert (table["y"] > editor["y"] + editor["height"]) == (width == 400)


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_it_is_light_or_dark_as_the_system_is(opened: Open, scheme: str, dark: bool) -> None:
    page = opened(color_scheme=scheme)
    for selector in "body", ".cm-editor", "#model":
        style = page.page.locator(selector).first
        colours = [style.evaluate(f"each => getComputedStyle(each).{name}") for name in ("backgroundColor", "color")]
        background, text = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours)
        assert (background < text) == dark, selector


# -------------------------------------------------------------------------------------------- strangers


def test_a_link_runs_nothing(opened: Open) -> None:
    attack = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    page = opened(packed(text=f"lrspec: 1\n'{attack}': {attack}\n", opened=attack, start=attack))
    assert attack in page.text("#notices")
    assert attack in page.text("#listed")
    assert page.page.locator("img, .notice script").count() == 0


def test_names_of_an_inventory_run_nothing_and_hide_nothing(opened: Open) -> None:
    names = ["<img src=x onerror=alert(1)>", "a\u202eb", "javascript:alert(2)"]
    page = opened(resnet18("lrspec: 1\noptimizer: {lr: 1}\nrules: [{fallback: true, lr_mult: 1}]\n"))
    parameters = tuple(Parameter(name, shape=(2, 2)) for name in names)
    page.choose_file("<b>x.json", json.dumps(lrspec.Inventory(parameters, "<i>model</i>").to_dict()))
    page.page.wait_for_selector("#model option:checked:text('<b>x.json')", state="attached")
    page.settled().page.locator(".opens").first.click()
    assert page.page.locator("#table .name").all_inner_texts() == [names[0], r"a\u202eb", names[2]]
    page.page.locator("#table .name").first.click()
    assert page.tab("explain").startswith(names[0])
    assert page.page.locator("img, i, #model b").count() == 0


# -------------------------------------------------------------------------------------------- where it cannot run


def test_without_webassembly_it_says_so(opened: Open) -> None:
    page = opened(packed(text=SPEC), settle=False, before="delete globalThis.WebAssembly")
    page.page.wait_for_selector(".notice")
    assert "no WebAssembly" in page.text("#notices")
    page.page.wait_for_selector(".tok-key")
    assert page.spec == SPEC


def test_files_that_do_not_arrive_are_said_to_be_missing(chromium: Browser, playground: str) -> None:
    page = chromium.new_page()
    page.route("**/pyodide/**", lambda route: route.abort())
    page.goto(playground)
    page.wait_for_selector(".notice")
    assert "lrspec could not be loaded" in page.locator("#notices").inner_text()
    assert page.locator(".notice button", has_text="Try again").count() == 1
    page.close()


def test_a_model_that_does_not_arrive_is_said_to_be_missing(chromium: Browser, playground: str) -> None:
    page = chromium.new_page()
    page.goto(playground)
    page.wait_for_selector("body[data-filled]")
    page.context.set_offline(True)
    page.select_option("#model", "gpt2")
    page.wait_for_selector(".notice")
    assert "The model could not be loaded" in page.locator("#notices").inner_text()
    assert page.locator("#model").input_value() == "resnet18"
    page.close()
