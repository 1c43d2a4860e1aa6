"""The built site in a real browser, served from a folder of a server, with no network beyond it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from lrspec.address import SITE
from lrspec.diagnostics.codes import CODES
from tests.pages import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chromium")]

FOLDER = "lrspec"
"""The site is in a folder of its host, as the pages of a project are."""

Open = Callable[..., "Page"]


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, says nothing, and answers like a host of sites for what it does not find."""

    def log_message(self, *_: Any) -> None:
        pass

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        page = Path(self.directory, FOLDER, "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(page)


class Site(NamedTuple):
    """A built site: its folder, its address, and what the command printed."""

    folder: Path
    address: str
    printed: str


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site, built for its address, in the place of an older one, and served."""
    root = tmp_path_factory.mktemp("host")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=root)) as server:
        folder, address = root / FOLDER, f"http://127.0.0.1:{server.server_port}/{FOLDER}/"
        (folder / "older").mkdir(parents=True)
        ran = build(ROOT, "-o", str(folder), "--url", address, "--external")
        assert ran.returncode == 0, ran.stderr
        Thread(target=server.serve_forever, daemon=True).start()
        yield Site(folder, address, ran.stdout)
        server.shutdown()


def build(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "docs.site", "--without-playground", *words]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture
def opened(chromium: Browser, site: Site) -> Iterator[Open]:
    """Opens pages of the site; none may report an error, or ask another host for anything."""
    said: list[str] = []
    asked: list[str] = []
    pages: list[Page] = []

    def open(path: str = "", width: int = 1280, scheme: Any = "light") -> Page:
        page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(site.address + path)
        pages.append(page)
        return page

    yield open
    for page in pages:
        page.close()
    assert said == []
    assert [url for url in asked if not url.startswith((site.address, "data:", "blob:"))] == []


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_home_page_shows_in_the_systems_theme(width: int, scheme: str, opened: Open) -> None:
    page = opened("", width, scheme)
    assert page.locator("body").get_attribute("data-md-color-scheme") == {"light": "default", "dark": "slate"}[scheme]
    assert page.locator("h1").is_visible()


def test_the_theme_can_be_switched_and_stays(opened: Open) -> None:
    page = opened("", 1280, "dark")
    page.locator("label[title^='Light']").click()
    assert page.locator("body").get_attribute("data-md-color-scheme") == "default"
    page.reload()
    assert page.locator("body").get_attribute("data-md-color-scheme") == "default"


def test_no_page_is_wider_than_a_phone_or_a_screen(opened: Open, site: Site) -> None:
    pages = re.findall(r"<loc>(.+?)</loc>", (site.folder / "sitemap.xml").read_text(encoding="utf-8"))
    codes = [url for url in pages if "/LRS" in url]
    assert len(codes) == len(CODES)
    page = opened()
    for url in [*codes[::9], *(url for url in pages if url not in codes)]:
        page.goto(url, wait_until="domcontentloaded")
        for width in (400, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width, (url, width)


def test_a_code_has_a_page_with_the_mistake_its_report_and_what_is_right(opened: Open) -> None:
    page = opened("diagnostics/LRS201/")
    assert page.title() == "LRS201 unmatched-parameter - lrspec"
    titles = page.locator(".filename").all_text_contents()
    assert titles == ["The mistake", "The report", "Without the mistake", "Without the mistake"]
    assert "error LRS201 unmatched-parameter: " in page.locator(".report").inner_text()
    assert page.locator(".md-footer__link--prev").get_attribute("href") == "../LRS107/"
    assert page.locator(".md-footer__link--next").get_attribute("href") == "../LRS202/"


def test_a_code_that_a_page_mentions_leads_to_its_page(opened: Open, site: Site) -> None:
    page = opened("language/")
    page.get_by_role("link", name="LRS405", exact=True).first.click()
    assert page.url == f"{site.address}diagnostics/LRS405/"


def test_an_anchor_of_the_long_page_leads_to_the_code(opened: Open, site: Site) -> None:
    page = opened("diagnostics/#lrs405-setting-differs")
    page.wait_for_url(f"{site.address}diagnostics/LRS405/")
    assert page.locator("h1").inner_text().startswith("LRS405 setting-differs")


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("LRS201", "LRS201 unmatched-parameter"),
        ("shadowed-rule", "LRS204 shadowed-rule"),
        ("layer_decay", "The lrspec language, version 1"),
        ("build_optimizers", "build_optimizers"),
    ],
)
def test_search_finds(words: str, title: str, opened: Open) -> None:
    page = opened()
    page.locator(".md-search__input").click()
    page.locator(".md-search__input").press_sequentially(words)
    found = page.locator(".md-search-result__item h1, .md-search-result__item h2")
    found.first.wait_for()
    assert title in found.all_inner_texts()[:3]


def test_a_picture_is_that_of_the_theme(opened: Open) -> None:
    for scheme, shown in (("light", [True, False]), ("dark", [False, True])):
        plots = opened("benchmarks/", scheme=scheme).locator(".plot")
        assert [plots.nth(place).is_visible() for place in (0, 1)] == shown


def test_the_api_has_signatures_and_links(opened: Open) -> None:
    page = opened("api/plans/")
    assert page.locator("#lrspec\\.compile").is_visible()
    assert page.locator("a[href='../diagnostics/#lrspec.SpecError']").count()


def test_what_is_not_found_has_a_page_with_links_that_hold(chromium: Browser, site: Site) -> None:
    page = chromium.new_page()
    page.goto(f"{site.address}no/such/page/")
    assert page.locator("h1").inner_text() == "404 - Not found"
    links = page.locator("article a, .md-tabs__link").evaluate_all("links => links.map(link => link.href)")
    assert f"{site.address}diagnostics/" in links
    assert all(page.request.get(link).ok for link in links)
    page.close()


def test_a_build_is_whole_and_takes_the_place_of_an_older_one(site: Site) -> None:
    assert [path.name for path in site.folder.parent.iterdir()] == [FOLDER]
    assert not (site.folder / "older").exists()
    assert (site.folder / "schemas" / "lrspec.v1.schema.json").is_file()


def test_external_links_are_listed(site: Site) -> None:
    assert "https://pre-commit.com in ci/index.html\n" in site.printed
    assert SITE not in site.printed  # links to the site itself are relative


def test_no_page_has_what_the_themes_script_would_ask_other_hosts_for(site: Site) -> None:
    for page in site.folder.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert 'data-md-component="source"' not in text
        assert 'class="mermaid"' not in text


def test_a_link_that_leads_nowhere_stops_the_build(tmp_path: Path) -> None:
    for name in ("benchmarks", "docs", "lrspec", "schemas"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    (tmp_path / "docs" / "ci.md").write_text("# CI\n\n[a](nowhere.md) [b](language.md#no-such-anchor)\n", "utf-8")
    ran = build(tmp_path)
    assert ran.returncode == 1
    assert "'nowhere.md'" in ran.stderr
    assert "#no-such-anchor" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (tmp_path / "build" / "site").exists()
