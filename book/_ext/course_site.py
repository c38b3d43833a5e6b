"""What the site needs beside its configuration: where pages come from, and what pages load.

``_toc.yml`` and ``notebooks/`` lie at the top of the repository, the pages of ``book/`` below it.
Sphinx reads from one folder, so the notebooks are copied into the git-ignored ``book/notebooks/``.
(Symbolic links would break on Windows and in zip downloads.)
"""

from __future__ import annotations

import html
import re
import shutil
import sys
import textwrap
from pathlib import Path
from urllib.parse import urlsplit

from docutils import nodes

BOOK = Path(__file__).resolve().parent.parent
ROOT = BOOK.parent

# What docutils and myst-nb write → what stands on the page.
MENDED = {
    'role="list" class="citation-list"': 'class="citation-list"',  # a list without list items
    ' role="doc-biblioentry"': "",  # a role that ARIA has given up
    '<summary aria-label="Toggle hidden content">': "<summary>",  # it has a text of its own
    "Show code cell content": "Show the solution",  # what the tag hide-cell stands for here
    "Hide code cell content": "Hide the solution",
}
# A link from an output to a notebook: on the site it leads to the page that was made of it.
TO_NOTEBOOK = re.compile(r'(?<=href=")((?:\.\./)?(?:tp4/)?\d\d_\w+)\.ipynb(?=[#"])')

# Of a practical's card: its title, and how long it takes a student · to train it all.
TITLE = re.compile(r"^# # (?P<title>.+)$", re.M)
TIME = re.compile(r"^# \| \*\*Time\*\* \| (?P<student>.+?) · (?P<training>.+) \|$", re.M)

# The API page documents the checkout, installed or not; the ledger is read from it.
sys.path.insert(0, str(ROOT))


def use_the_toc_at_the_top(app, config) -> None:
    """Point the table of contents at ``_toc.yml``; ``book/_toc.yml`` is a stub."""
    config.external_toc_path = (ROOT / "_toc.yml").as_posix()


def copy_notebooks(app, config) -> None:
    """Make ``book/notebooks/`` equal to ``notebooks/``, without the .py sources."""
    mirror(ROOT / "notebooks", BOOK / "notebooks", skip={".py", ".toml"})


def mirror(source: Path, target: Path, *, skip: set[str]) -> None:
    """Copy the files that changed and delete those that are gone.

    Args:
        source: the folder to copy from; hidden folders such as checkpoints are left out.
        target: the folder that becomes its copy.
        skip: the suffixes of files that are not copied.
    """
    wanted = {
        file.relative_to(source)
        for file in source.rglob("*")
        if file.is_file() and file.suffix not in skip and not is_hidden(file.relative_to(source))
    }
    for name in wanted:
        copy_if_changed(source / name, target / name)
    for file in target.rglob("*"):
        if file.is_file() and file.relative_to(target) not in wanted:
            file.unlink()


def is_hidden(path: Path) -> bool:
    """Say whether a path, or a folder on its way, starts with a dot."""
    return any(part.startswith(".") for part in path.parts)


def copy_if_changed(source: Path, target: Path) -> None:
    """Copy a file unless its copy holds the same bytes, so that only what changed is rebuilt."""
    if target.is_file() and target.read_bytes() == source.read_bytes():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def derive_addresses(app, config) -> None:
    """Set from ``repository.url`` what else names it: the published site, ``{{ repository }}``."""
    repository = config.html_theme_options["repository_url"]
    owner, name = urlsplit(repository).path.strip("/").split("/")
    config.html_baseurl = config.html_baseurl or f"https://{owner}.github.io/{name}/"
    config.ogp_site_url = config.html_baseurl
    config.myst_substitutions = {**config.myst_substitutions, "repository": repository}


def count_the_verdicts(app, config) -> None:
    """Let pages say ``{{ ledger }}``: how many claims there are and how they came out."""
    from labkit.ledger import ledger

    sentence = ledger.read(ROOT / "runs").sentence()
    config.myst_substitutions = {**config.myst_substitutions, "ledger": sentence}


def tell_the_times(app, config) -> None:
    """Let pages say ``{{ times }}``: what the practicals' cards say of time, as a table."""
    config.myst_substitutions = {**config.myst_substitutions, "times": times(ROOT / "notebooks")}


def times(folder: Path) -> str:
    """Return a Markdown table with the time of each practical, as its card gives it.

    Args:
        folder: the practicals' sources; only those with a card count.
    """
    head = ["| practical | a student | training it all yourself |", "|---|---|---|"]
    sources = sorted(one for one in folder.rglob("*.py") if not is_hidden(one.relative_to(folder)))
    return "\n".join([*head, *(row for source in sources for row in time_of(source, folder))])


def time_of(source: Path, folder: Path) -> list[str]:
    """Return the row of one practical, which links to its page; none without a card."""
    text = source.read_text(encoding="utf-8")
    title, time = TITLE.search(text), TIME.search(text)
    if title is None or time is None:
        return []
    page = (folder.name / source.relative_to(folder)).with_suffix(".ipynb").as_posix()
    training = time["training"].removeprefix("training it all yourself: ")
    return [f"| [{title['title']}]({page}) | {time['student']} | {training} |"]


def use_own_templates(app, config) -> None:
    """Let ``book/_templates`` replace parts of the theme."""
    config.templates_path = [str(BOOK / "_templates"), *config.templates_path]


def follow_repository_links(app, docname, source) -> None:
    """Make links work that are written as the files lie in the repository.

    ``../notebooks/…`` in a page and ``../book/…`` in a notebook become links inside the site; any
    other file above, such as ``../CONTRIBUTING.md``, is linked where the repository is published.
    """
    options = app.config.html_theme_options
    published = f"{options['repository_url']}/blob/{options['repository_branch']}/"
    is_notebook = docname.startswith("notebooks/")
    up = "../" * (docname.count("/") if is_notebook else 1)
    beside, beside_in_site = ("book/", up) if is_notebook else ("notebooks/", "notebooks/")

    def target(link: re.Match) -> str:
        return "](" + (beside_in_site if link["beside"] else published)

    pattern = rf"\]\({re.escape(up)}(?P<beside>{beside})?(?!\.\./)"
    source[0] = re.sub(pattern, target, source[0])


def link_to_terms(app, doctree) -> None:
    """Let a page link to a term of the glossary, as to a heading: ``glossary.md#term-batch``."""
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for term in doctree.findall(nodes.term):
        slugs.update({one: (term.line, one, term.astext()) for one in term["ids"]})


def describe(app, pagename, templatename, context, doctree) -> None:
    """Describe a page by its first paragraph; opengraph would take a practical's card."""
    paragraphs = doctree.findall(nodes.paragraph) if doctree else ()
    first = next((one for one in paragraphs if isinstance(one.parent, nodes.section)), None)
    if first is not None:
        text = textwrap.shorten(first.astext(), 200, placeholder=" …")
        context["meta"] = {**(context.get("meta") or {}), "og:description": text}
        context["metatags"] += f'<meta name="description" content="{html.escape(text)}" />\n'


def leave_out_thebe(app, pagename, templatename, context, doctree) -> None:
    """Drop sphinx-thebe's scripts: the course has no live cells, and loaded twice they fail."""
    context["script_files"] = [
        script
        for script in context["script_files"]
        if "thebe" not in f"{script} {getattr(script, 'attributes', {}).get('body', '')}"
    ]


def mend_markup(app, pagename, templatename, context, doctree) -> None:
    """Replace in a page's body what checkers of accessibility object to, two labels, and links."""
    body = context.get("body", "")
    for written, mended in MENDED.items():
        body = body.replace(written, mended)
    context["body"] = TO_NOTEBOOK.sub(r"\1.html", body)


def publish_the_records(app, exception) -> None:
    """Copy ``runs/`` beside the pages: the ledger links each verdict to its records."""
    if not exception and app.builder.name == "html":
        mirror(ROOT / "runs", Path(app.outdir, "runs"), skip=set())


def write_sitemap(app, exception) -> None:
    """List the published address of every page in ``sitemap.xml``."""
    if exception or app.builder.name != "html":
        return
    pages = sorted(app.builder.get_target_uri(page) for page in app.env.found_docs)
    urls = "".join(f"  <url><loc>{app.config.html_baseurl}{page}</loc></url>\n" for page in pages)
    Path(app.outdir, "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n',
        encoding="utf-8",
    )


def setup(app) -> dict:
    """Connect the functions above; sphinx-external-toc reads the table of contents at 900."""
    for prepare in (
        use_the_toc_at_the_top,
        copy_notebooks,
        derive_addresses,
        count_the_verdicts,
        tell_the_times,
        use_own_templates,
    ):
        app.connect("config-inited", prepare, priority=100)
    app.connect("source-read", follow_repository_links)
    app.connect("doctree-read", link_to_terms)
    app.connect("html-page-context", describe, priority=400)  # opengraph comes at 500
    app.connect("html-page-context", leave_out_thebe, priority=900)
    app.connect("html-page-context", mend_markup)
    app.connect("build-finished", publish_the_records)
    app.connect("build-finished", write_sitemap)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
