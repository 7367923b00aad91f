/** Dense layers as tasks. */
import type { Ops } from "./ops.ts";
import { inOrder } from "./room.ts";
import { type Emit, type Phase, pieces, type Task } from "./tasks.ts";

const family = "dense";
/** Inputs of a panel of turned weights. */
const PANEL = 32;

/** Bytes of scratch that a thread needs for a dense layer's products. */
export const DENSE_SCRATCH = 16384;

/** Where the gradients by lists find what they work with. */
function layOut(rows: number, inputs: number, units: number) {
  return inOrder({
    // Of dy, by columns: lengths, then offset and value of each, and one to spare; by rows: the same.
    counts: units * 4,
    lists: units * (rows + 1) * 8,
    records: rows * (units + 2) * 8,
    panels: Math.ceil(inputs / PANEL) * PANEL * units * 4,
  });
}

/** Bytes of the shared room that a dense layer's gradients by lists work in. */
export function denseRoom(rows: number, inputs: number, units: number): number {
  return layOut(rows, inputs, units).bytes;
}

type Dense = Pick<
  Ops,
  "denseForward" | "denseInputGradient" | "denseWeightGradient" | "biasGradient"
>;

/** `opsOf`: all operations, for the updates behind a gradient. */
export function denseLayers(emit: Emit, opsOf: (emit: Emit) => Ops): Dense {
  const many = (name: string, calls: readonly (readonly number[])[]) =>
    calls.map((args): Task => ({ family, name, args }));
  return {
    denseForward(rows, inputs, units, x, w, bias, y, own) {
      emit(many(
        "forward",
        pieces(units, 8).map(([first, some]) => {
          const at = first * 4;
          return [rows, inputs, units, some, x, w + at, bias === 0 ? 0 : bias + at, y + at, own];
        }),
      ));
    },
    denseInputGradient(rows, inputs, units, dy, w, dx, room) {
      if (room === null) {
        return emit(many(
          "inputGradient",
          pieces(inputs, 32).map((
            [first, some],
          ) => [rows, inputs, some, units, dy, w + first * units * 4, dx + first * 4]),
        ));
      }
      const { at } = layOut(rows, inputs, units);
      const records = room.shared + at.records, panels = room.shared + at.panels;
      emit([
        ...many(
          "turnPanels",
          pieces(inputs, PANEL).map(([first, some]) => {
            const from = first * units * 4;
            return [some, units, w + from, panels + from];
          }),
        ),
        ...many(
          "listRows",
          pieces(rows, 1, 4).map((
            [first, some],
          ) => [some, units, dy + first * units * 4, records + first * (units + 2) * 8]),
        ),
      ]);
      emit(many(
        "inputGradientByLists",
        pieces(inputs, PANEL).map((
          [first, some],
        ) => [rows, inputs, some, units, records, panels + first * units * 4, dx + first * 4]),
      ));
    },
    denseWeightGradient(rows, inputs, units, x, dy, dw, room, update) {
      const cut = pieces(inputs, PANEL);
      /** What is done behind each piece of the gradient: on as many weights, in the same thread. */
      const emitUpdated = (tasks: readonly Task[]) =>
        emit(tasks.map((task, i) => {
          const [first, some] = cut[i] ?? [0, 0];
          const then: Phase[] = [];
          update?.(opsOf((phase) => then.push(phase)), first * units, some * units);
          return update === null ? task : { ...task, then: then.flat() };
        }));
      if (room === null) {
        return emitUpdated(many(
          "weightGradient",
          cut.map((
            [first, some],
          ) => [rows, inputs, some, units, x + first * 4, dy, dw + first * units * 4]),
        ));
      }
      const { at } = layOut(rows, inputs, units);
      const counts = room.shared + at.counts, lists = room.shared + at.lists;
      emit(many(
        "listUnits",
        pieces(units, 4, 4).map(([first, some]) => [
          ...[rows, inputs, units, some, dy + first * 4],
          ...[counts + first * 4, lists + first * (rows + 1) * 8],
        ]),
      ));
      emitUpdated(many(
        "weightGradientByLists",
        cut.map(([first, some]) => [
          ...[rows, some, units, x + first * 4, counts, lists],
          ...[dw + first * units * 4, room.own],
        ]),
      ));
    },
    biasGradient(rows, channels, dy, db) {
      emit(many(
        "biasGradient",
        pieces(channels, 16).map((
          [first, some],
        ) => [rows, channels, some, dy + first * 4, db + first * 4]),
      ));
    },
  };
}
