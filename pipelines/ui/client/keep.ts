/** Brings what stands on the page up to date in place, so that focus, selection and scrolling stay where they are. */
/// <reference lib="dom" />
import { visible } from "../../cli/text.ts";

const KNOWN = new WeakMap<Element, Map<string, Element>>();

/** The children of `parent` become one element an item, in their order; elements are kept by key. */
export function keepAll<Item, Made extends Element>(
  parent: Element,
  items: readonly Item[],
  keyOf: (item: Item) => string,
  make: (item: Item) => Made,
  update: (made: Made, item: Item) => void,
): void {
  const before = KNOWN.get(parent) ?? new Map<string, Element>();
  const after = new Map<string, Element>();
  for (const item of items) {
    const key = keyOf(item);
    // What `make` has made of the same key, by this same caller.
    const made = before.get(key) as Made | undefined ?? make(item);
    after.set(key, made);
    update(made, item);
  }
  for (const [key, element] of before) if (!after.has(key)) element.remove();
  let at = 0;
  for (const element of after.values()) {
    const there = parent.children[at++] ?? null;
    if (there !== element) parent.insertBefore(element, there);
  }
  KNOWN.set(parent, after);
}

/** Text from outside: control characters and those that turn text around become visible. */
export function setText(element: Element, text: string): void {
  const shown = visible(text);
  if (element.textContent !== shown) element.textContent = shown;
}

export function setData(element: HTMLElement | SVGElement, name: string, value: string): void {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

/** The page's own element of an id. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no "${id}"`);
  return found;
}

/** The first element inside that fits. */
export function inside(element: Element, selector: string): HTMLElement {
  const found = element.querySelector<HTMLElement>(selector);
  if (found === null) throw new Error(`There is no "${selector}"`);
  return found;
}
