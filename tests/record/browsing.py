"""What a headless browser finds wrong with a page: what leaves the screen, is cut off, overlaps, or is small."""

from typing import Any

from playwright.sync_api import Page

BOXES = ".scroll, .picture, .matrices"
"""Boxes that scroll by themselves on a screen."""

OUTSIDE = """(boxes) => [...document.querySelectorAll('body *')]
  .filter(one => !(one.parentElement.closest(boxes)) && one.checkVisibility())
  .map(one => ({ one, box: one.getBoundingClientRect() }))
  .filter(({ box }) => box.width > 0 && (box.right > innerWidth + 1 || box.left < -1))
  .map(({ one }) => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 60)}`)"""

HOLD_TEXT = "p, h1, h2, h3, td, th, dt, dd, li, summary, figcaption, .card, .figure, .price"
CUT = """(names) => [...document.querySelectorAll(names)]
  .filter(one => one.checkVisibility() && one.clientWidth > 0 && getComputedStyle(one).display !== 'inline')
  .filter(one => one.scrollWidth > one.clientWidth + 1)
  .map(one => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 60)}`)"""

OVERLAPS = """() => {
  const found = []
  const isPlaced = style => style.display !== 'inline' && style.position === 'static'
  const shared = (one, other, low, high) => Math.min(one[high], other[high]) - Math.max(one[low], other[low])
  for (const parent of document.querySelectorAll('body, body *')) {
    const own = [...parent.children]
      .filter(one => one.checkVisibility() && isPlaced(getComputedStyle(one)) && one.getClientRects().length)
      .map(one => ({ text: `${one.tagName}: ${one.textContent.slice(0, 40)}`, box: one.getBoundingClientRect() }))
    for (let i = 0; i < own.length; i++) for (let j = i + 1; j < Math.min(own.length, i + 12); j++) {
      const [one, other] = [own[i].box, own[j].box]
      if (shared(one, other, 'left', 'right') > 1.5 && shared(one, other, 'top', 'bottom') > 1.5)
        found.push(`${own[i].text} | ${own[j].text}`)
    }
  }
  return found
}"""

SMALLEST = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const sizes = []
  while (walker.nextNode()) {
    const { parentElement: one, textContent: text } = walker.currentNode
    if (text.trim() && one.checkVisibility()) sizes.push(parseFloat(getComputedStyle(one).fontSize))
  }
  return Math.min(...sizes)
}"""


def outside(page: Page, *, boxes: str = BOXES) -> list[str]:
    """Elements that leave the screen at a side, but for what scrolls in a box of its own."""
    return _found(page.evaluate(OUTSIDE, boxes))


def cut(page: Page) -> list[str]:
    """Elements whose text is wider than they are."""
    return _found(page.evaluate(CUT, HOLD_TEXT))


def overlaps(page: Page) -> list[str]:
    """Pairs of neighbours that lie on each other."""
    return _found(page.evaluate(OVERLAPS))


def smallest(page: Page) -> float:
    """The smallest letters that are to be seen, in pixels."""
    return float(page.evaluate(SMALLEST))


def unfold(page: Page) -> None:
    """Opens everything that is folded."""
    page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true })")


def _found(values: Any) -> list[str]:
    return [str(value) for value in values][:10]
