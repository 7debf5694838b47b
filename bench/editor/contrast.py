"""How well the texts of a page can be read: WCAG's contrast of each text on the ground under it, in the browser.

Ground is what the ancestors paint, laid over each other; texts that are not shown, or of a control that is off, are
left out, as WCAG does. Texts on the map are the page's ink on the colours of the grids.
"""

from __future__ import annotations

from typing import Any, Final

LEAST: Final = 4.5
_CONTRAST: Final = """
const parse = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
};
const over = (top, ground) => top.rgb.map((value, at) => value * top.a + ground[at] * (1 - top.a));
const light = (rgb) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = rgb.map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ratio = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
};
"""
_TEXTS: Final = (
    "(least) => {"
    + _CONTRAST
    + """
    const groundOf = (element) => {
        const above = [];
        for (let each = element; each; each = each.parentElement) {
            above.unshift(parse(getComputedStyle(each).backgroundColor));
        }
        return above.reduce((ground, each) => over(each, ground), [255, 255, 255]);
    };
    const found = [];
    for (const element of document.querySelectorAll("body *")) {
        const own = [...element.childNodes].filter((each) => each.nodeType === 3);
        const text = own.map((each) => each.data.trim()).join(" ");
        const shown = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
        if (!text.trim() || !shown || element.disabled || element.closest(".hidden, option, script")) continue;
        const ground = groundOf(element), ink = over(parse(getComputedStyle(element).color), ground);
        const reached = ratio(ink, ground);
        if (reached < least) found.push(`${reached.toFixed(2)} ${element.tagName.toLowerCase()} ${text.slice(0, 40)}`);
    }
    return found;
}"""
)
_MAP: Final = (
    "async (least) => {"
    + _CONTRAST
    + """
    const { PALETTE, INK, FAULT } = await import(document.querySelector("[href$='/draw.js']").href);
    const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    const pairs = PALETTE.map((ground) => [INK, ground]).concat([[INK, "#ffffff"], [FAULT, "#ffffff"]]);
    return pairs.map(([ink, ground]) => [ratio(rgb(ink), rgb(ground)), `${ink} on ${ground}`])
        .filter(([reached]) => reached < least).map(([reached, what]) => `${reached.toFixed(2)} map ${what}`);
}"""
)


def faint_texts(page: Any) -> list[str]:
    """Return the texts of a page whose contrast is below `LEAST`, each with its contrast."""
    found: list[str] = page.evaluate(_TEXTS, LEAST)
    return found


def faint_inks(page: Any) -> list[str]:
    """Return the inks of the editor's map that are faint on a ground on which they are used, each with its contrast."""
    found: list[str] = page.evaluate(_MAP, LEAST)
    return found
