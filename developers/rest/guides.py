"""Pages beside the API's own documentation: some of docs/*.md, as the portal shows them."""

import re
from functools import cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from markdown_it import MarkdownIt
from markdown_it.token import Token
from ninja import Router

# In the order in which they are listed.
GUIDES = {
    "moving-from-terra": "Moving from Terra",
    "api": "The REST API",
    "webhooks": "Webhooks",
    "revocations": "The revocation log",
}
LINK = re.compile(r"^([a-z-]+)\.md(#.*)?$")

router = Router()


@router.get("/docs/{name}", auth=None, include_in_schema=False, url_name="guide")
def guide(request: HttpRequest, name: str) -> HttpResponse:
    """One page; like the repository's, for readers who have only the portal."""
    if name not in GUIDES:
        raise Http404
    context = {"title": GUIDES[name], "text": _html(name), "guides": GUIDES}
    return render(request, "api/guide.html", context)


@cache
def _html(name: str) -> str:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse((settings.BASE_DIR / "docs" / f"{name}.md").read_text())
    for before, token in zip(tokens, tokens[1:], strict=False):
        if before.type == "heading_open":
            before.attrSet("id", re.sub(r"\W+", "-", token.content.lower()).strip("-"))
        _mend_links(token.children or [])
    # Wide tables scroll by themselves, not the page.
    text: str = markdown.renderer.render(tokens, markdown.options, {})
    text = text.replace("<table>", '<div class="table-wrap"><table class="table">')
    return text.replace("</table>", "</table></div>")


def _mend_links(children: list[Token]) -> None:
    """Of the other pages only those that are shown here can be followed."""
    for child in children:
        found = LINK.match(str(child.attrGet("href") or ""))
        if found and found[1] in GUIDES:
            child.attrSet("href", f"{found[1]}{found[2] or ''}")
