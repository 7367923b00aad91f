/** Chooses trials by words and numbers, without a pointer; and says what is chosen. */
/// <reference lib="dom" />
import { element } from "./dom.ts";
import { type Axis, band, GAP, numberAt, placeOf, type Stretch } from "./sweep_axes.ts";
import { compact, count } from "./sweep_columns.ts";
import { button } from "./sweep_ranking_view.ts";
import type { Selection } from "./sweep_selection.ts";

/** A field for each axis. */
export function showValues(place: Element, selection: Selection): void {
  const { axes } = selection.linked;
  const fields = axes.map((axis, i) =>
    axis.names.length > 0 ? choices(axis, i, selection) : numbers(axis, i, selection)
  );
  place.replaceChildren(element("details", [
    element("summary", "Choose by values"),
    element("div", fields.map(({ field }) => field), "values"),
  ]));
  selection.on(() => {
    for (const { follow } of fields) follow();
  });
}

interface Field {
  readonly field: HTMLElement;
  /** Shows what was chosen elsewhere. */
  readonly follow: () => void;
}

function fieldset(axis: Axis, content: readonly Node[]): HTMLElement {
  const made = element("fieldset", [element("legend", axis.title), ...content]);
  made.title = axis.path;
  return made;
}

function box(type: string, label: string): HTMLInputElement {
  const made = document.createElement("input");
  made.type = type;
  made.setAttribute("aria-label", label);
  return made;
}

const isSame = (a: Stretch, b: Stretch) => a[0] === b[0] && a[1] === b[1];

function choices(axis: Axis, i: number, selection: Selection): Field {
  const all: (readonly [name: string, stretch: Stretch])[] = [
    ...axis.names.map((name, k) => [name, band(axis, k)] as const),
    ...(axis.gaps ? [["not set", GAP] as const] : []),
  ];
  const boxes = all.map(([name, stretch]) => ({ stretch, input: box("checkbox", name), name }));
  for (const { input } of boxes) {
    input.addEventListener("change", () => {
      const stretches = boxes.filter((one) => one.input.checked).map(({ stretch }) => stretch);
      selection.set([[i, stretches]]);
    });
  }
  return {
    field: fieldset(
      axis,
      boxes.map(({ input, name }) => element("label", [input, document.createTextNode(name)])),
    ),
    follow() {
      for (const { input, stretch } of boxes) {
        input.checked = selection.of(i).some((one) => isSame(one, stretch));
      }
    },
  };
}

function numbers(axis: Axis, i: number, selection: Selection): Field {
  const from = box("number", `${axis.title} from`), to = box("number", `${axis.title} to`);
  const ends = [[from, axis.low, 0], [to, axis.high, 1]] as const;
  const gap = box("checkbox", `${axis.title} not set`);
  const choose = () => {
    const [low = 0, high = 1] = ends.map(([one, , open]) =>
      one.value === "" ? open : placeOf(axis, one.valueAsNumber)
    );
    const isOpen = from.value === "" && to.value === "";
    const range: Stretch[] = isOpen ? [] : [[Math.min(low, high), Math.max(low, high)]];
    selection.set([[i, gap.checked ? [GAP, ...range] : range]]);
  };
  gap.addEventListener("change", choose);
  for (const [input, end] of ends) {
    input.step = "any";
    input.placeholder = String(Number(end.toPrecision(4)));
    input.addEventListener("change", choose);
  }
  const notSet = element("label", [gap, document.createTextNode("not set")]);
  return {
    field: fieldset(axis, [
      element("div", [from, document.createTextNode(" to "), to]),
      ...(axis.gaps ? [notSet] : []),
    ]),
    follow() {
      gap.checked = selection.of(i).some((one) => isSame(one, GAP));
      const chosen = selection.of(i).find((one) => !isSame(one, GAP));
      ends.forEach(([input, , open], k) => {
        if (input === document.activeElement) return;
        const place = chosen?.[k] ?? open;
        input.value = chosen === undefined || place === open
          ? ""
          : String(Number(numberAt(axis, place).toPrecision(3)));
      });
    },
  };
}

/** The line that stays in sight: how many are chosen, and by what; each reason lets go by a click. */
export function showChosen(place: Element, selection: Selection): void {
  const { axes, rows } = selection.linked;
  const says = document.createElement("output");
  place.className = "chosen";
  const follow = () => {
    says.textContent = selection.axes.length === 0
      ? `All ${count(rows.length)} trials`
      : `${count(selection.count)} of ${count(rows.length)} trials`;
    const reasons = selection.axes.flatMap((i) => {
      const axis = axes[i];
      if (axis === undefined) return [];
      const made = button(
        `${axis.title}: ${selection.of(i).map((one) => words(axis, one)).join(", ")} ✕`,
        () => selection.set([[i, []]]),
      );
      made.setAttribute("aria-label", `${made.textContent?.slice(0, -2) ?? ""}: let go`);
      return [made];
    });
    const clear = reasons.length > 1 ? [button("Let go of all", () => selection.clear())] : [];
    place.replaceChildren(says, ...reasons, ...clear);
  };
  selection.on(follow);
  follow();
}

function words(axis: Axis, stretch: Stretch): string {
  if (isSame(stretch, GAP)) return "not set";
  const i = axis.names.findIndex((_, k) => isSame(band(axis, k), stretch));
  if (i >= 0) return axis.names[i] ?? "";
  const [low, high] = stretch.map((place) => compact(Number(numberAt(axis, place).toPrecision(3))));
  return `${low} to ${high}`;
}
