"""What the site is made of, as far as it can be told without building it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lrspec
from docs.site import api, codes, fences, pictures, plots, schemas
from docs.site.check import Page, problems
from docs.site.console import block
from docs.site.tables import number, tables
from lrspec.address import REPOSITORY, SITE
from lrspec.diagnostics.codes import CODES
from tests.pages import PAGES, ROOT

CONFIG = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
NAVIGATION = re.findall(r"^ +- (?:[^:\n]+: )?(\S+\.md)$", CONFIG.partition("\nnav:\n")[2], re.MULTILINE)
SECTIONS = {"diagnostics.md": codes.OVERVIEW, "start.md": "start/index.md"}


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name == "docs"], ids=lambda page: page.name)
def test_the_navigation_has_every_page(page: Path) -> None:
    assert NAVIGATION.count(SECTIONS.get(page.name, page.name)) == 1


def test_the_addresses_are_those_of_the_package() -> None:
    assert f"\nsite_url: {SITE}/\n" in CONFIG
    assert f"\nrepo_url: {REPOSITORY}\n" in CONFIG


def test_every_public_name_is_on_one_page() -> None:
    assert sorted(name for topic in api.TOPICS for name in topic.names.split()) == sorted(lrspec.__all__)


def test_every_code_has_a_page_at_its_address() -> None:
    pages = codes.pages()
    assert [f"{code}.md" for code in CODES] == [name.partition("/")[2] for name in pages if name != codes.OVERVIEW]
    assert all(f"[{code}]({code}.md)" in pages[codes.OVERVIEW] for code in CODES)
    assert str(codes.navigation()).count("diagnostics/LRS") == len(CODES)


def test_every_kept_report_is_on_the_page_of_its_code() -> None:
    pages = codes.pages()
    for kept in codes.REPORTS.iterdir():
        code = kept.name.partition("-")[0]
        assert f"```text report\n{kept.read_text(encoding='utf-8')}```\n" in pages[f"diagnostics/{code}.md"], kept.name
        assert code in kept.read_text(encoding="utf-8")


def test_every_wrong_example_has_its_report() -> None:
    for name, page in codes.pages().items():
        if name != codes.OVERVIEW:
            assert page.count("text report") == len(re.findall(r"^```\w+ (?:wrong|now)$", page, re.MULTILINE)) > 0, name


def test_schemas_are_at_their_addresses() -> None:
    assert {path.name for path in (ROOT / "schemas").iterdir()} == {
        name.removeprefix("schemas/") for name in schemas.files()
    }
    assert all(f"({name})" in schemas.pages()["schemas.md"] for name in schemas.files())


def test_blocks_get_titles() -> None:
    titled = fences.titled("```yaml wrong\na: 1\n```\n\n```yaml fragment\na: 1\n```\n\n```python\n1\n```\n")
    assert titled.startswith('```{.yaml .wrong title="The mistake"}\na: 1\n')
    assert "```yaml\n" in titled
    assert titled.endswith("```python\n1\n```\n")


def test_what_is_quoted_begins_at_the_margin() -> None:
    quoted = '```python title="a.py"\n    a = 1\n\n    if a:\n        b()\n```\n'
    assert fences.titled(quoted) == '```python title="a.py"\na = 1\n\nif a:\n    b()\n```\n'


def test_commands_stand_out_in_a_console() -> None:
    html = block("$ cat <a>\n# a comment\n$x", "console", "highlight", {}, None)
    assert '<span class="gp">$ </span><b>cat &lt;a&gt;</b>\n# a comment\n$x\n' in html


def test_a_picture_in_two_themes_is_two_images() -> None:
    picture = (
        '<picture>\n  <source media="(prefers-color-scheme: dark)" srcset="d.svg">\n'
        '  <img src="l.svg" width="5">\n</picture>'
    )
    assert pictures.themed(picture) == '<img src="l.svg#only-light" width="5"><img src="d.svg#only-dark" width="5">'


def test_tables_and_their_numbers_are_read() -> None:
    (table,) = tables("# T\n\n## H\n\nText.\n\na: 3 parameters\n\n| x | `y` |\n| --- | ---: |\n| **1** | ≈ 1,020 s |\n")
    assert table == ("H", "a: 3 parameters", ["x", "y"], [["1", "≈ 1,020 s"]])
    assert [number(cell) for cell in ("≈ 1,020 s", "2 ms", "3.5 µs", "2^-3", "7")] == [1020, 0.002, 3.5e-6, 0.125, 7]
    with pytest.raises(ValueError, match="not a number: 'x'"):
        number("x")


def test_a_plot_is_drawn_in_two_themes_and_always_the_same() -> None:
    light, dark = (plots.picture(plots.PLOTS[0], theme) for theme in ("light", "dark"))
    assert light != dark
    assert light == plots.picture(plots.PLOTS[0], "light")
    for word in ("lrspec", "timm", "mmengine", "listing the names", "100,000", "10 ms"):
        assert f"<!-- {word} -->" in light.decode()


@pytest.mark.parametrize("plot", plots.PLOTS, ids=lambda plot: plot.name)
def test_a_plot_is_under_its_heading(plot: plots.Plot) -> None:
    page = plots.illustrated(plot.page, (plots.FOLDER / plot.source).read_text(encoding="utf-8"))
    assert f"## {plot.heading}\n\n![{plot.words}]({plot.name}-light.svg#only-light)" in page


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a href="b/#x">', []),
        ('<a href="../b.txt">', []),
        ('<a href="mailto:a@example.com"><a href="https://example.com/">', []),
        ('<a href="c/">', ["index.html: leads nowhere: c/"]),
        ('<a href="b">', ["index.html: leads nowhere: b"]),
        ('<a href="b/#y">', ["index.html: has no such anchor: b/#y"]),
        ('<a href="/b/">', ["index.html: does not hold where the site is in a folder: /b/"]),
        ('<script src="//example.com/x.js">', ["index.html: loads from elsewhere: //example.com/x.js"]),
        ('<img srcset="b.txt 1x, https://example.com/x 2x">', ["index.html: loads from elsewhere: https://example.com/x"]),
        ('<link rel="preload stylesheet" href="https://example.com/">', ["index.html: loads from elsewhere: https://example.com/"]),
        ('<link rel="canonical" href="https://example.com/">', []),
        ('<p style="background: url(c.png)">', ["index.html: leads nowhere: c.png"]),
    ],
)  # fmt: skip
def test_wrong_links_are_found(html: str, found: list[str], tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b.txt").touch()
    (tmp_path / "b" / "index.html").write_text('<p id="x">', encoding="utf-8")
    (tmp_path / "index.html").write_text(html, encoding="utf-8")
    assert problems(tmp_path) == found


def test_foreign_styles_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("@import 'https://example.com/a.css'; p { background: url(b.png) }", "utf-8")
    assert problems(tmp_path) == ["a.css: loads from elsewhere: https://example.com/a.css"]


def test_anchors_are_ids_and_names() -> None:
    assert Page('<h2 id="a"><a name="b">').anchors == {"", "top", "a", "b"}
