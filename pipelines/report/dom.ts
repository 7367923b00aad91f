/** Makes parts of the page, in the reader's browser; what comes from outside goes in as text. */
/// <reference lib="dom" />

export function element(
  name: string,
  content: string | readonly Node[] = "",
  classes = "",
): HTMLElement {
  const made = document.createElement(name);
  if (typeof content === "string") made.textContent = content;
  else made.append(...content);
  if (classes !== "") made.className = classes;
  return made;
}

export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly Node[])[],
) {
  const columns = head.map((name) => {
    const cell = element("th", name, name === "Time" ? "" : "text");
    cell.setAttribute("scope", "col");
    return cell;
  });
  return element("div", [
    element("table", [
      element("caption", caption),
      element("thead", [element("tr", columns)]),
      element("tbody", rows.map((row) => element("tr", row))),
    ]),
  ], "scroll");
}

const SVG = "http://www.w3.org/2000/svg";

export function shape(
  name: string,
  attributes: Record<string, string | number>,
  content = "",
): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.textContent = content;
  return made;
}
