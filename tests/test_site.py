"""The site: builds without a warning, needs no other host, and every link leads somewhere."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import chromium
import html5lib
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
MATHML = "{http://www.w3.org/1998/Math/MathML}"
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
REPOSITORY, BRANCH = CONFIG["repository"]["url"], CONFIG["repository"]["branch"]
OWNER_AND_NAME = urlsplit(REPOSITORY).path.strip("/")

# Attributes with which a page loads something. An <a href> only leads somewhere.
LOADS = {"src", "srcset", "poster", "data", "background"}
LOADING_RELATIONS = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "manifest"}
OTHER_HOST = re.compile(r"^\s*(https?:)?//")
IN_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?\s*((?:https?:)?//[^"')\s]+)""")


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess]:
    """Build the site as a reader would, with every warning an error."""
    folder = tmp_path_factory.mktemp("site")
    jupyter_book = Path(sys.executable).parent / "jupyter-book"
    command = [jupyter_book, "build", "-W", "--keep-going", "-n", "--path-output", folder, "book/"]
    finished = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
        timeout=300,
        check=False,
    )
    return folder / "_build" / "html", finished


@pytest.fixture(scope="session")
def site(built) -> Path:
    """The folder of the built pages."""
    return built[0]


@functools.cache
def parsed(page: Path) -> ElementTree.Element:
    """A page as a tree, read the way a browser reads it."""
    return html5lib.parse(page.read_text(encoding="utf-8"), namespaceHTMLElements=False)


def pages(site: Path) -> list[Path]:
    found = [page for page in sorted(site.rglob("*.html")) if "_static" not in page.parts]
    assert len(found) > 8, "too few pages: the build has failed, and the other checks mean nothing"
    return found


def listed_in_toc() -> set[str]:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return {toc["root"], *chapters}


def practicals() -> list[str]:
    return sorted(name for name in listed_in_toc() if name.startswith("notebooks/"))


def article(page: Path) -> ElementTree.Element:
    """What is the page's own; the search page has no article."""
    main = parsed(page).find(".//main")
    found = main.find(".//article")
    return main if found is None else found


def links(page: Path) -> list[str]:
    return [link.get("href") for link in parsed(page).iter("a") if link.get("href")]


def test_builds_without_a_warning(built):
    _, finished = built
    complaints = re.findall(r".*(?:WARNING|ERROR).*", finished.stdout + finished.stderr)
    assert not complaints, "\n".join(complaints)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]


def test_has_a_page_for_every_entry_of_the_toc(site):
    missing = [name for name in listed_in_toc() if not (site / f"{name}.html").is_file()]
    assert not missing


def test_lists_every_practical_in_the_toc():
    notebooks = (ROOT / "notebooks").rglob("*.ipynb")
    names = {path.relative_to(ROOT).with_suffix("").as_posix() for path in notebooks}
    assert {name for name in names if ".ipynb_checkpoints" not in name} == set(practicals())


def test_shows_every_practical_on_the_front_page(site):
    """The page's own text does, and not the sidebar, which is the same on every page."""
    (article,) = parsed(site / "index.html").iter("article")
    targets = {urlsplit(link.get("href", "")).path for link in article.iter("a")}
    assert {f"{name}.html" for name in practicals()} <= targets


def loaded_elsewhere(page: Path) -> Iterator[str]:
    """What a page would load from another host."""
    for element in parsed(page).iter():
        if not isinstance(element.tag, str):  # a comment
            continue
        relations = set((element.get("rel") or "").split())
        attributes = LOADS | ({"href"} if relations & LOADING_RELATIONS else set())
        for name in attributes & set(element.keys()):
            if OTHER_HOST.match(element.get(name)):
                yield f"{element.tag} {name}={element.get(name)}"
        yield from IN_STYLE.findall(element.get("style") or "")
        if element.tag == "style":
            yield from IN_STYLE.findall(element.text or "")
        if element.tag == "script":
            yield from re.findall(r"https?://[^\"'\s]+", element.text or "")


def test_loads_nothing_from_another_host(site):
    found = {page.name: list(loaded_elsewhere(page)) for page in pages(site)}
    assert not {name: elsewhere for name, elsewhere in found.items() if elsewhere}


def test_style_sheets_load_nothing_from_another_host(site):
    sheets = list(site.rglob("*.css"))
    assert sheets
    found = {sheet.name: IN_STYLE.findall(sheet.read_text("utf-8")) for sheet in sheets}
    assert not {name: elsewhere for name, elsewhere in found.items() if elsewhere}


def test_formulas_are_mathml(site):
    formulas = list(parsed(site / "how_this_course_works.html").iter(f"{MATHML}math"))
    displayed = [formula for formula in formulas if formula.get("display") == "block"]
    assert len(displayed) >= 5
    assert len(formulas) > len(displayed)
    assert all("".join(formula.itertext()).strip() for formula in formulas)
    assert not any(list(formula.iter(f"{MATHML}merror")) for formula in formulas)


def test_no_formula_waits_for_a_script(site):
    for page in pages(site):
        text = page.read_text(encoding="utf-8")
        assert "mathjax" not in text.lower(), page.name
        prose = "".join(
            "".join(paragraph.itertext())
            for paragraph in parsed(page).find(".//main").iter("p")
            if not list(paragraph.iter("code"))
        )
        assert not re.search(r"\$[^$]+\$|\\\(|\\frac|\\sum", prose), page.name


def test_every_figure_has_alternative_text(site):
    for page in pages(site):
        for image in parsed(page).iter("img"):
            assert image.get("alt") is not None, f"{page.name}: {image.get('src')}"
        for image in article(page).iter("img"):
            assert image.get("alt").strip(), f"{page.name}: {image.get('src')}"


def test_every_page_has_one_heading_of_the_first_level(site):
    for page in pages(site):
        assert len(list(parsed(page).iter("h1"))) == 1, page.name


def test_every_page_can_be_read_aloud_and_skipped_through(site):
    for page in pages(site):
        tree = parsed(page)
        assert tree.get("lang") == "en", page.name
        assert tree.find(".//title").text.strip(), page.name
        assert tree.find(".//div[@id='pst-skip-link']/a").get("href") == "#main-content"
        assert tree.find(".//main").get("id") == "main-content"
        assert tree.find(".//meta[@name='viewport']") is not None, page.name


def test_every_page_in_the_toc_describes_itself(site):
    for name in listed_in_toc():
        tree = parsed(site / f"{name}.html")
        described = [
            tree.find(f".//meta[@{key}]")
            for key in ("name='description'", "property='og:description'")
        ]
        texts = [one.get("content") for one in described if one is not None]
        assert len(texts) == 2 and min(map(len, texts)) > 20, (
            f"{name}: its first paragraph after the card describes it to search engines; write one"
        )
        assert tree.find(".//meta[@property='og:site_name']").get("content") == CONFIG["title"]


def test_every_id_is_given_once(site):
    for page in pages(site):
        ids = [element.get("id") for element in parsed(page).iter() if element.get("id")]
        twice = {one for one in ids if ids.count(one) > 1}
        assert not twice, f"{page.name}: {twice}"


def test_links_inside_the_site_lead_somewhere(site):
    broken = []
    for page in pages(site):
        for link in links(page):
            target = urlsplit(link)
            if target.scheme or target.netloc or link == "#":
                continue
            file = (page.parent / unquote(target.path)).resolve() if target.path else page
            if not file.is_file():
                broken.append(f"{page.name} → {link}")
            elif target.fragment and file.suffix == ".html":
                ids = {element.get("id") for element in parsed(file).iter()}
                if unquote(target.fragment) not in ids:
                    broken.append(f"{page.name} → {link}")
    assert not broken


@pytest.mark.parametrize("name", practicals())
def test_a_practical_opens_in_colab_and_binder_and_is_edited_in_its_source(site, name):
    found = links(site / f"{name}.html")
    colab = f"https://colab.research.google.com/github/{OWNER_AND_NAME}/blob/{BRANCH}/{name}.ipynb"
    binder = f"https://mybinder.org/v2/gh/{OWNER_AND_NAME}/{BRANCH}?urlpath=lab/tree/{name}.ipynb"
    assert colab in found
    assert binder in found
    assert f"{REPOSITORY}/edit/{BRANCH}/{name}.py" in found
    assert (ROOT / f"{name}.py").is_file()


@pytest.mark.parametrize("name", practicals())
def test_a_practical_can_be_downloaded_as_it_is(site, name):
    page = site / f"{name}.html"
    downloads = [link for link in links(page) if link.endswith(".ipynb") and "_sources/" in link]
    assert downloads
    downloaded = json.loads((page.parent / downloads[0]).read_text(encoding="utf-8"))
    source = json.loads((ROOT / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert downloaded["cells"] == source["cells"]


def test_every_page_is_edited_where_it_lies_in_the_repository(site):
    for name in listed_in_toc():
        links_to_edit = [link for link in links(site / f"{name}.html") if "/edit/" in link]
        prefix = f"{REPOSITORY}/edit/{BRANCH}/"
        assert len(links_to_edit) == 1 and links_to_edit[0].startswith(prefix), name
        assert (ROOT / links_to_edit[0].removeprefix(prefix)).is_file(), links_to_edit[0]


def test_every_page_leads_to_the_repository(site):
    for page in pages(site):
        assert REPOSITORY in links(page), page.name


def test_links_into_the_repository_name_files_that_are_there(site):
    prefix = f"{REPOSITORY}/blob/{BRANCH}/"
    found = {link for page in pages(site) for link in links(page) if link.startswith(prefix)}
    paths = [ROOT / urlsplit(link.removeprefix(prefix)).path for link in found]
    assert not [path for path in paths if not path.exists()]


def test_pages_name_no_other_address_of_the_repository():
    name = OWNER_AND_NAME.split("/")[1]
    for page in (ROOT / "book").glob("*.md"):
        for address in re.findall(rf"[\w:/.-]*/{name}\b", page.read_text(encoding="utf-8")):
            assert address == REPOSITORY, f"{page.name}: {address}"


def test_documents_every_module_of_the_package(site):
    headings = {"".join(heading.itertext()) for heading in parsed(site / "api.html").iter("h3")}
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "labkit").rglob("*.py")
        if path.stem not in ("__init__", "__main__")
    }
    assert modules == {one.rstrip("#") for one in headings}


def commands(group, path: str = "labkit") -> Iterator[tuple[str, list[str]]]:
    """Every command of the command line with its long options."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            options = [one for parameter in command.params for one in parameter.opts]
            yield f"{path} {name}", [one for one in options if one.startswith("--")]


def test_documents_every_command_and_its_options():
    from labkit.course.cli import main

    text = (ROOT / "book" / "api.md").read_text(encoding="utf-8")
    for command, options in commands(main):
        lines = [line for line in text.splitlines() if line.startswith(command)]
        assert lines, command
        short = {"--output": "-o"}  # written the short way
        missing = [one for one in options if not any(short.get(one, one) in line for line in lines)]
        assert not missing, f"{command}: {missing}"


def test_the_sitemap_lists_every_page(site):
    owner, name = OWNER_AND_NAME.split("/")
    tree = ElementTree.parse(site / "sitemap.xml")
    found = {element.text for element in tree.iter() if element.tag.endswith("}loc")}
    assert found == {f"https://{owner}.github.io/{name}/{page}.html" for page in listed_in_toc()}


def test_the_font_travels_with_its_licence(site):
    fonts = site / "_static" / "fonts"
    assert "SIL OPEN FONT LICENSE" in (fonts / "OFL.txt").read_text(encoding="utf-8")
    assert (fonts / "stix-two-math-subset.woff2").stat().st_size < 150_000


def test_the_pages_tell_the_settings_that_labkit_has(monkeypatch):
    from labkit import choices

    for name in ("BUDGET", "MODE", "SOURCE"):
        monkeypatch.delenv(f"LABKIT_{name}", raising=False)
    text = (ROOT / "book" / "how_this_course_works.md").read_text(encoding="utf-8")
    for name, allowed in {
        "budget": choices.BUDGETS,
        "mode": choices.MODES,
        "source": choices.SOURCES,
    }.items():
        values = ", ".join(f"`{value}`" for value in allowed)
        default = choices.choice(name)
        assert f"| `{name.upper()}` | `LABKIT_{name.upper()}` | {values} | `{default}` |" in text
    precisions = " or ".join(f"`{value}`" for value in choices.PRECISIONS)
    assert f"`LABKIT_PRECISION`, {precisions}," in " ".join(text.split())


def titles() -> dict[str, str]:
    """The title of each practical, e.g. "01 · Dense networks", by its name in the toc."""
    first_lines = {
        name: json.loads((ROOT / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"][0]["source"]
        for name in practicals()
    }
    return {name: "".join(lines).splitlines()[0][2:] for name, lines in first_lines.items()}


def test_the_instructors_guide_has_the_time_and_the_troubles_of_every_practical(site):
    page = article(site / "instructors.html")
    timed = [row[0] for row in table(page, "training it all yourself")]
    assert timed == list(titles().values())
    headings = ["".join(heading.itertext()).rstrip("#") for heading in page.iter("h3")]
    assert [one for one in headings if one[:2].isdigit()] == list(titles().values())


@pytest.mark.parametrize("name", practicals())
def test_the_instructors_guide_helps_with_every_exercise(name):
    source = (ROOT / f"{name}.py").read_text(encoding="utf-8")
    (title,) = re.findall(r"^# # (.+)$", source, flags=re.M)
    guide = (ROOT / "book" / "instructors.md").read_text(encoding="utf-8")
    part = guide.partition(f"### {title}\n")[2].partition("\n##")[0]
    exercises = re.findall(r"^# ### Exercise (.+)$", source, flags=re.M)
    assert re.findall(r"^\| (\d.*?) \|", part, flags=re.M) == exercises != []


def table(page: ElementTree.Element, head: str) -> list[list[str]]:
    """The texts of a table's cells, row by row, without its heads: the one with such a column."""
    tables = [
        [["".join(cell.itertext()).strip() for cell in row] for row in one.iter("tr")]
        for one in page.iter("table")
    ]
    ((_, *rows),) = [rows for rows in tables if head in rows[0]]
    return rows


def test_the_pages_explain_every_verdict(site):
    from labkit.ledger import verdicts

    page = article(site / "how_this_course_works.html")
    explained = [row[0] for row in table(page, "verdict")]
    words = {word for cell in explained for word in cell.split(", ")}
    assert words == set(verdicts.OUTCOMES)


# In a browser. The build above needs none, so these are skipped where none is installed.

in_chromium = pytest.mark.skipif(
    chromium.program() is None,
    reason="needs Chromium: install it (Debian: apt-get install chromium) to run this test",
)
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PHONE, DESKTOP = 390, 1280  # pixels


@pytest.fixture(scope="session")
def tab() -> Iterator[chromium.Tab]:
    with chromium.tab() as opened:
        yield opened


@in_chromium
@pytest.mark.parametrize(("width", "dark"), [(DESKTOP, False), (DESKTOP, True), (PHONE, False)])
def test_pages_open_without_an_error_a_request_or_sideways_scrolling(site, tab, width, dark):
    complaints = []
    for page in pages(site):
        tab.open(page, width=width, dark=dark)
        complaints += [f"{page.name}: {error}" for error in tab.errors()]
        complaints += [f"{page.name} asks for {url}" for url in tab.requests_elsewhere()]
        needed = tab.value("document.documentElement.scrollWidth")
        if needed > width:
            complaints.append(f"{page.name} is {needed} pixels wide on a window of {width}")
    assert not complaints


@in_chromium
def test_the_search_works_from_a_folder(site, tab):
    tab.open(site / "search.html", query="q=dropout")
    tab.wait_for("document.querySelector('#search-results li a')")
    found = tab.value("[...document.querySelectorAll('#search-results li a')].map(a => a.href)")
    assert any("glossary.html" in link for link in found)
    assert not tab.errors()


LEDGER = "notebooks/07_replication_ledger.html"
SHOWN = (
    "[...document.querySelectorAll('table.labkit-ledger')[0].tBodies[0].rows]"
    ".filter(row => !row.hidden)"
)


def click(index: int) -> str:
    return f"document.querySelectorAll('.labkit-ledger thead button')[{index}].click()"


@in_chromium
def test_the_ledger_sorts_by_its_heads(site, tab):
    tab.open(site / LEDGER)
    values = f"{SHOWN}.map(row => row.cells[2].dataset.value).filter(Boolean).map(Number)"
    before = tab.value(values)
    tab.value(click(2))
    assert tab.value(values) == sorted(before) != before
    head = "document.querySelectorAll('.labkit-ledger thead th')[2].ariaSort"
    assert tab.value(head) == "ascending"
    tab.value(click(2))
    assert tab.value(values) == sorted(before, reverse=True)
    assert tab.value(f"{SHOWN}.at(-1).cells[2].dataset.value") == ""  # no number: at the end
    tab.value(click(0))
    words = tab.value(f"{SHOWN}.map(row => row.cells[0].firstChild.textContent.toLowerCase())")
    assert words == sorted(words)


EVERY = "[...document.querySelectorAll('table.labkit-ledger tbody tr')]"
FOUND = f"{EVERY}.filter(row => !row.hidden)"


def choose(name: str, value: str) -> str:
    """Return a script that makes a choice in the bar above the ledger's tables, by its label."""
    control = (
        "[...document.querySelectorAll('.ledger-filter label')]"
        f".find(one => one.textContent.startsWith('{name} ')).querySelector('input, select')"
    )
    event = "input" if name == "Words" else "change"
    return (
        f"(control => {{ control.value = '{value}'; "
        f"control.dispatchEvent(new Event('{event}')); }})({control})"
    )


@in_chromium
@pytest.mark.parametrize(
    ("name", "value", "answer"),
    [
        ("Report", "R1", "row.dataset.report"),
        ("Report", "this course", "row.dataset.report"),
        ("Practical", "02", "row.dataset.practical"),
        ("Kind", "measurements", "row.dataset.kind"),
        ("Verdict", "mistaken", "row.querySelector('strong').textContent"),
    ],
)
def test_the_ledger_is_filtered_in_all_of_its_tables(site, tab, name, value, answer):
    tab.open(site / LEDGER)
    every = tab.value(f"{EVERY}.map(row => {answer})")
    tab.value(choose(name, value))
    assert tab.value(f"{FOUND}.map(row => {answer})") == [one for one in every if one == value]
    assert 0 < every.count(value) < len(every)


@in_chromium
def test_choices_and_words_narrow_the_ledger_together_and_one_button_undoes_them(site, tab):
    tab.open(site / LEDGER)
    every = tab.value(f"{EVERY}.length")
    tab.value(choose("Verdict", "mistaken"))
    mistaken = tab.value(f"{FOUND}.length")
    tab.value(choose("Words", "Average Pooling"))
    found = tab.value(f"{FOUND}.map(row => row.id)")
    assert "r1-conv-a3-accuracy" in found and len(found) < mistaken
    counted = "document.querySelector('.ledger-filter output').textContent"
    assert tab.value(counted) == f"{len(found)} of {every} rows"
    tab.value("document.querySelector('.ledger-filter button').click()")
    assert tab.value(f"{FOUND}.length") == every


@in_chromium
def test_a_link_to_a_claim_that_a_filter_hides_shows_it(site, tab):
    tab.open(site / LEDGER)
    tab.value(choose("Verdict", "mistaken"))
    tab.value("location.hash = 'r1-dense-2-accuracy'")
    tab.wait_for("!document.querySelector('#r1-dense-2-accuracy').hidden")
    assert tab.value("document.querySelector('#r1-dense-2-accuracy details').open")


@in_chromium
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_a_verdict_s_interval_is_drawn_within_its_cell(site, tab, width):
    tab.open(site / LEDGER, width=width)
    tab.value("location.hash = 'r1-dense-2-accuracy'")
    tab.wait_for("document.querySelector('#r1-dense-2-accuracy details').open")
    drawing = "document.querySelector('#r1-dense-2-accuracy svg')"
    inside = (
        f"(box => {drawing}.getBoundingClientRect().right <= box.right + 1)"
        f"({drawing}.closest('td').getBoundingClientRect())"
    )
    assert tab.value(f"{drawing}.getBoundingClientRect().width") > 100
    assert tab.value(inside)
    assert tab.value(f"{drawing}.getAttribute('aria-label')").startswith("Our mean 0.97")


@in_chromium
def test_a_link_to_a_claim_opens_its_evidence(site, tab):
    tab.open(site / LEDGER)
    tab.value("location.hash = 'r1-dense-2-accuracy'")
    tab.wait_for("document.querySelector('#r1-dense-2-accuracy details').open")


def test_the_ledger_reads_without_a_script(site):
    """Its controls are made by the script; what it says is in the page."""
    page = site / LEDGER
    assert not list(article(page).iter("select"))
    rows = [row for row in article(page).iter("tr") if row.get("id")]
    assert len(rows) > 200
    for row in rows:
        assert [cell.get("scope") for cell in row.iter("th")] == ["row"]
        assert all(not detail.get("hidden") for detail in row.iter("details"))


def test_the_front_page_says_how_the_claims_came_out(site):
    from labkit.ledger import ledger

    words = " ".join(" ".join(article(site / "index.html").itertext()).split())
    assert ledger.read().sentence() in words


def test_quotations_and_tables_of_a_practical_lead_to_the_ledger(site):
    found = [link for link in links(site / "notebooks/01_mnist_dense.html") if "ledger" in link]
    ids = {urlsplit(link).fragment for link in found} - {""}
    there = {element.get("id") for element in parsed(site / LEDGER).iter() if element.get("id")}
    assert len(ids) > 20 and ids <= there


def test_the_records_travel_with_the_site(site):
    linked = {link for link in links(site / LEDGER) if link.startswith("../runs/")}
    assert len(linked) > 20
    for link in linked:
        record = ROOT / "notebooks" / link
        assert (site / LEDGER).parent.joinpath(link).read_bytes() == record.read_bytes()


@in_chromium
def test_a_mistake_in_a_page_would_be_noticed(tab, tmp_path):
    page = tmp_path / "wrong.html"
    page.write_text(
        '<!doctype html><meta name="viewport" content="width=device-width">'
        '<div style="width: 900px">wide</div><img alt="" src="http://127.0.0.1:9/none.png">'
        "<script>nothing.here()</script>",
        encoding="utf-8",
    )
    tab.open(page, width=PHONE)
    assert any("nothing is not defined" in error for error in tab.errors())
    assert tab.requests_elsewhere() == ["http://127.0.0.1:9/none.png"]
    assert tab.value("document.documentElement.scrollWidth") >= 900


@in_chromium
def test_formulas_are_set_in_the_font_that_travels_with_the_site(site, tab):
    tab.open(site / "how_this_course_works.html")
    assert tab.value("document.fonts.check('16px \"STIX Two Math\"', '∑')")
    family = "getComputedStyle(document.querySelector('math')).fontFamily"
    assert tab.value(family).startswith('"STIX Two Math"')
    grown = "document.querySelector('.math-display math').getBoundingClientRect().height"
    assert tab.value(grown) > 30  # a fraction, not a line of text


@in_chromium
@pytest.mark.skipif(
    not AXE.is_file(), reason="needs axe-core: npm install --no-save axe-core (kept out of git)"
)
@pytest.mark.parametrize(("width", "dark"), [(DESKTOP, False), (DESKTOP, True), (PHONE, False)])
def test_pages_are_accessible(site, tab, width, dark):
    """No violation that axe calls serious or critical."""
    complaints = []
    for page in pages(site):
        tab.open(page, width=width, dark=dark)
        tab.value(AXE.read_text(encoding="utf-8") + "; true")
        violations = tab.value(
            "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations.map("
            "one => [one.impact, one.id, one.nodes[0].html.slice(0, 200)]))"
        )
        complaints += [(page.name, *one) for one in violations if one[0] in ("serious", "critical")]
    assert not complaints
