/** The ranking in the reader's browser: sorted, filtered by the selection, a page at a time. */
/// <reference lib="dom" />
import { element } from "./dom.ts";
import type { Value } from "./sweep_axes.ts";
import { type Column, columnsOf, count, PAGE } from "./sweep_columns.ts";
import type { Selection } from "./sweep_selection.ts";

export function showRanking(table: HTMLTableElement, pages: Element, selection: Selection): void {
  const { linked } = selection, { rows } = linked;
  const columns = columnsOf(linked);
  const body = table.tBodies[0];
  if (body === undefined) return;
  let order = rows.map((_, i) => i);
  let shown: HTMLElement[] = [];
  let page = 0;
  const heads = [...table.querySelectorAll<HTMLElement>("thead th")];

  const render = () => {
    const found = order.filter((row) => selection.chosen[row] === 1);
    const last = Math.max(0, Math.ceil(found.length / PAGE) - 1);
    page = Math.min(page, last);
    const first = page * PAGE;
    shown = found.slice(first, first + PAGE).map((row) => rowOf(columns, selection, row));
    body.replaceChildren(...shown);
    says.textContent = found.length === 0
      ? "No trial is chosen."
      : `${count(first + 1)} to ${count(Math.min(first + PAGE, found.length))} of ${
        count(found.length)
      }${found.length < rows.length ? ` chosen, ${count(rows.length)} in all` : ""}`;
    for (const [button, isOff] of [[back, page === 0], [on, page === last]] as const) {
      button.disabled = isOff;
    }
    pages.classList.toggle("single", last === 0);
    mark();
  };
  const mark = () => {
    for (const row of shown) {
      row.classList.toggle("marked", row.dataset["row"] === String(selection.marked));
    }
  };
  const turn = (by: number) => {
    page += by;
    render();
  };
  const back = button("Previous", () => turn(-1)), on = button("Next", () => turn(1));
  const says = element("span", "");
  says.setAttribute("role", "status");
  pages.replaceChildren(back, says, on);
  pages.className = "pages";

  heads.forEach((head, i) => {
    const column = columns[i];
    if (column === undefined) return;
    head.replaceChildren(button(column.title, () => {
      const isDown = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
      order = sorted(order, (row) => {
        const own = rows[row];
        return own === undefined ? null : column.key(own);
      }, isDown ? -1 : 1);
      page = 0;
      render();
    }));
  });
  heads[0]?.setAttribute("aria-sort", "ascending");

  selection.on(() => {
    page = 0;
    render();
  }, mark);
  body.addEventListener("pointerover", (event) => {
    const row = event.target instanceof Element ? event.target.closest("tr")?.dataset["row"] : null;
    selection.mark(row == null ? null : Number(row));
  });
  body.addEventListener("pointerleave", () => selection.mark(null));
  render();
}

export function button(title: string, act: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = title;
  made.addEventListener("click", act);
  return made;
}

function rowOf(columns: readonly Column[], { linked }: Selection, row: number): HTMLElement {
  const own = linked.rows[row];
  if (own === undefined) throw new Error(`There is no row ${row}`);
  const made = element(
    "tr",
    columns.map(({ cell, isText }) => element("td", cell(own), isText ? "text" : "")),
    own.rank === 1 ? "best" : "",
  );
  made.dataset["row"] = String(row);
  return made;
}

/** What has no value goes last both ways; equals keep the ranking's order. */
function sorted(order: readonly number[], key: (row: number) => Value, sign: 1 | -1): number[] {
  const compare = (a: Value, b: Value) =>
    typeof a === "number" && typeof b === "number"
      ? a - b
      : String(a) < String(b)
      ? -1
      : String(a) > String(b)
      ? 1
      : 0;
  const keys = new Map(order.map((row) => [row, key(row)]));
  return [...order].sort((a, b) => {
    const one = keys.get(a) ?? null, two = keys.get(b) ?? null;
    if (one === null || two === null) {
      return (one === null ? 1 : 0) - (two === null ? 1 : 0) || a - b;
    }
    return sign * compare(one, two) || a - b;
  });
}
