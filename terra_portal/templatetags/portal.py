"""The components that pages are made of, as template tags."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms, template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from terra_portal import clock, marks, moments
from terra_portal.templatetags import states

register = template.Library()

Context = dict[str, Any]


@register.simple_tag
def icon(name: str, *, large: bool = False, flip: bool = False) -> SafeString:
    """An icon of the sprite; it is decoration, so the words beside it must say the same."""
    classes = "i" + (" i-l" if large else "") + (" i-flip" if flip else "")
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        classes,
        static("portal/icons.svg"),
        name,
    )


@register.simple_tag
def badge(state: object, *, boxed: bool = False, word: str = "") -> SafeString:
    """A state as shape, colour and word; `word` replaces the usual word."""
    shape, usual = states.drawn(str(state))
    classes = " ".join(filter(None, ["badge", shape, "boxed" if boxed else ""]))
    return format_html('<span class="{}">{}</span>', classes, word or usual)


@register.simple_tag
def door(name: object) -> SafeString:
    """How we know: the door through which an end came."""
    symbol, word = states.entered(str(name))
    return format_html('<span class="tag">{}{}</span>', icon(symbol), word)


@register.simple_tag
def when(moment: datetime | None, *, empty: str = "never") -> SafeString:
    """Relative words with the exact time in `datetime` and `title`."""
    if moment is None:
        return format_html('<span class="muted">{}</span>', empty)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        moments.exact(moment),
        moments.in_words(moment, clock.now()),
    )


@register.simple_tag
def provider_tile(code: str, *, name: str = "", large: bool = False) -> SafeString:
    """The provider's mark, two letters where none is drawn; its name beside it when given."""
    size = " l" if large else ""
    if marks.is_drawn(code):
        tile = format_html('<img class="maker{}" src="{}" alt="">', size, marks.url(code))
    else:
        letters = code[:1].upper() + code[1:2].lower()
        tile = format_html('<span class="mono-tile{}" aria-hidden="true">{}</span>', size, letters)
    return format_html('<span class="provider">{}{}</span>', tile, name) if name else tile


@register.inclusion_tag("components/copy.html")
def copy(value: object, label: str, *, inline: bool = False, wrap: bool = False) -> Context:
    """A value to take away; `label` names it for the button: `Copy user_id`."""
    return {"value": value, "label": label, "inline": inline, "wrap": wrap}


@register.inclusion_tag("components/shown_once.html")
def shown_once(value: object, *, title: str, label: str = "", done_url: str = "") -> Context:
    """A secret on the only answer that carries it."""
    return {"value": value, "title": title, "label": label or title, "done_url": done_url}


@register.inclusion_tag("components/pager.html")
def pager(page: object, *, label: str = "Pages", target: str = "") -> Context:
    """Newer and older; `page` has previous_url, next_url and perhaps count_text."""
    return {"page": page, "label": label, "target": target}


@register.inclusion_tag("components/empty_state.html")
def empty_state(
    title: str,
    text: str = "",
    *,
    icon_name: str = "",
    action_url: str = "",
    action_label: str = "",
    small: bool = False,
) -> Context:
    """What stands where nothing is yet: why, and the one thing to do."""
    return {
        "title": title,
        "text": text,
        "icon_name": icon_name,
        "action_url": action_url,
        "action_label": action_label,
        "small": small,
    }


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField, *, hint: str = "", autofocus: bool = False, placeholder: bool = True
) -> Context:
    """Label, control, and the error in the hint's place, tied together for assistive technology."""
    kind = _kind(bound.field.widget)
    hint = str(bound.help_text or hint)
    note = f"{bound.auto_id}_note" if bound.errors or hint else ""
    attrs: dict[str, Any] = {"class": "" if kind in ("check", "choices") else "input"}
    if note:
        attrs["aria-describedby"] = note
    if bound.errors:
        attrs["aria-invalid"] = "true"
    if autofocus:
        attrs["autofocus"] = True
    if not placeholder:
        attrs["placeholder"] = False
    control = bound.as_widget(attrs=_kept_classes(bound.field.widget.attrs, attrs))
    return {"bound": bound, "kind": kind, "control": control, "hint": hint, "note": note}


@register.inclusion_tag("components/filter_control.html")
def filter_control(bound: BoundField) -> Context:
    """A control of a filter bar: its label is spoken, and shown as the placeholder."""
    kind = _kind(bound.field.widget)
    attrs: dict[str, Any] = {"class": "" if kind == "check" else "input"}
    if kind != "check":
        attrs["aria-label"] = str(bound.label)
    if kind == "text":
        attrs["placeholder"] = bound.field.widget.attrs.get("placeholder", bound.label)
    control = bound.as_widget(attrs=_kept_classes(bound.field.widget.attrs, attrs))
    return {"bound": bound, "kind": kind, "control": control}


@register.inclusion_tag("components/fields.html")
def fields(form: forms.BaseForm, *, placeholders: bool = True) -> Context:
    """Every field of a form, its own errors first."""
    return {"form": form, "placeholders": placeholders}


def _kind(widget: forms.Widget) -> str:
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    if isinstance(widget, forms.SelectMultiple):
        return "text"
    return "select" if isinstance(widget, forms.Select) else "text"


def _kept_classes(own: Mapping[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """A class that the form gave its widget stays beside ours."""
    joined = " ".join(filter(None, [ours["class"], str(own.get("class", ""))]))
    rest = {key: value for key, value in ours.items() if key != "class"}
    return {**rest, "class": joined} if joined else rest
