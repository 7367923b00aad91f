/** Draws the trials of a linked chart on a canvas under its axes. */
/// <reference lib="dom" />
import { strength, type Tone, tonesOf } from "./sweep_frames.ts";
import type { Kind } from "./sweep_kinds.ts";
import type { Selection } from "./sweep_selection.ts";

const ROLE = { rest: "--soft", top: "--s1", best: "--s2" } as const;
const ROLES = ["--rule", "--soft", "--s1", "--s2", "--ink"] as const;
type Role = (typeof ROLES)[number];

/** Puts a canvas under the axes of `figure`, and keeps it as the selection is. Null: it cannot draw. */
export function showCanvas(
  figure: Element,
  kind: Kind,
  selection: Selection,
): HTMLCanvasElement | null {
  const plot = figure.querySelector(".plot");
  const canvas = document.createElement("canvas"), trials = document.createElement("canvas");
  const at = canvas.getContext("2d"), on = trials.getContext("2d");
  if (plot === null || at === null || on === null) return null;
  canvas.setAttribute("aria-hidden", "true");
  plot.prepend(canvas);
  figure.setAttribute("data-live", "");

  let colours = coloursOf(), isOld = true, isAsked = false;
  const paint = () => {
    isAsked = false;
    if (isOld) {
      colours = coloursOf();
      fit(trials, on, kind);
      drawTrials(on, kind, selection, colours);
      isOld = false;
    }
    // What moves with the pointer is drawn over a copy.
    fit(canvas, at, kind);
    at.drawImage(trials, 0, 0, kind.frame.width, kind.frame.height);
    drawMarked(at, kind, selection, colours);
  };
  const ask = () => {
    if (!isAsked) requestAnimationFrame(paint);
    isAsked = true;
  };
  const askAll = () => {
    isOld = true;
    ask();
  };
  selection.on(askAll, ask);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", askAll);
  ask();
  return canvas;
}

/** As sharp as the screen, and empty. */
function fit(canvas: HTMLCanvasElement, at: CanvasRenderingContext2D, { frame }: Kind): void {
  canvas.width = frame.width * devicePixelRatio;
  canvas.height = frame.height * devicePixelRatio;
  at.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
}

function coloursOf(): Readonly<Record<Role, string>> {
  const style = getComputedStyle(document.documentElement);
  const [rule = "", soft = "", s1 = "", s2 = "", ink = ""] = ROLES.map((role) =>
    style.getPropertyValue(role)
  );
  return { "--rule": rule, "--soft": soft, "--s1": s1, "--s2": s2, "--ink": ink };
}

type Colours = ReturnType<typeof coloursOf>;

function drawTrials(
  at: CanvasRenderingContext2D,
  kind: Kind,
  selection: Selection,
  colours: Colours,
): void {
  const { chosen, linked } = selection, tones = tonesOf(linked);
  const many: Record<Tone, number> = { rest: 0, top: 0, best: 0 };
  tones.forEach((tone, row) => many[tone] += chosen[row] ?? 0);
  const draw = (rows: readonly number[], role: Role, alpha: number, width: number) => {
    at.strokeStyle = at.fillStyle = colours[role];
    at.globalAlpha = alpha;
    at.lineWidth = width;
    for (const row of rows) {
      const points = kind.pointsOf(row);
      if (points === null) continue;
      const path = new Path2D();
      kind.trace(path, points, row);
      if (kind.isFilled(row)) at.fill(path);
      else at.stroke(path);
    }
  };
  // The worst first, so that the best lie on top.
  const rows = tones.map((_, row) => row).reverse();
  draw(rows.filter((row) => chosen[row] === 0), "--rule", kind.isLine ? 0.35 : 0.8, 1);
  for (const tone of ["rest", "top", "best"] as const) {
    draw(
      rows.filter((row) => chosen[row] === 1 && tones[row] === tone),
      ROLE[tone],
      strength(tone, many[tone], kind.isLine),
      tone === "best" ? 2.5 : 1,
    );
  }
}

/** The trial under the pointer, and the stretches that choose. */
function drawMarked(
  at: CanvasRenderingContext2D,
  kind: Kind,
  { marked }: Selection,
  colours: Colours,
): void {
  const points = marked === null ? null : kind.pointsOf(marked);
  if (marked !== null && points !== null) {
    const path = new Path2D();
    kind.trace(path, points, marked);
    at.strokeStyle = at.fillStyle = colours["--ink"];
    at.lineWidth = 2.5;
    at.stroke(path);
    if (kind.isFilled(marked)) at.fill(path);
  }
  at.lineWidth = 1;
  at.strokeStyle = at.fillStyle = colours["--s1"];
  for (const [left, top, right, bottom] of kind.brushes()) {
    at.globalAlpha = 0.16;
    at.fillRect(left, top, right - left, bottom - top);
    at.globalAlpha = 0.9;
    at.strokeRect(left, top, right - left, bottom - top);
  }
}
