/** Draws the linked charts for paper and for readers without script: parallel coordinates, and slices. */
import { type Html, html } from "./html.ts";
import { type Axis, NOT_SET, placeOf } from "./sweep_axes.ts";
import { compact, type Linked, type Ranked } from "./sweep_columns.ts";
import {
  across,
  axisX,
  drawnPlace,
  type Frame,
  parallelFrame,
  sliceFrame,
  strength,
  type Tone,
  tonesOf,
  up,
} from "./sweep_frames.ts";
import { ROLES } from "./theme.ts";

/** Lines of one path do not shade each other, so that many of them need many paths. */
const LINES_A_PATH = 12;
const COLOUR: Readonly<Record<Tone, string>> = { rest: ROLES.soft, top: ROLES.s1, best: ROLES.s2 };
const TONES: readonly Tone[] = ["rest", "top", "best"];

const near = (x: number) => Number(x.toFixed(1));

const text = (
  x: number,
  y: number,
  anchor: string,
  content: string,
  most: number,
  colour: string,
) =>
  html`
    <text x="${near(x)}" y="${near(y)}" text-anchor="${anchor}" font-size="11"
      fill="${colour}">${content.length > most
        ? html`<title>${content}</title>${content.slice(0, most - 1)}…`
        : content}</text>
  `;
const line = (d: string) =>
  html`
    <path d="${d}" fill="none" stroke="${ROLES.soft}" />
  `;

/** Places and words of an axis' ticks. */
function marksOf(axis: Axis): { place: number; says: string }[] {
  return axis.names.length > 0
    ? axis.names.map((name) => ({ place: placeOf(axis, name), says: name }))
    : axis.ticks.map((tick) => ({ place: placeOf(axis, tick), says: compact(tick) }));
}

function plot(id: string, { width, height }: Frame, label: string, marks: Html, axes: Html) {
  return html`
    <figure class="chart linked" id="${id}">
      <div class="plot" style="width:${width}px">
        <svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"
          aria-label="${label}">
          <g class="marks">${marks}</g>
          <g class="axes">${axes}</g>
        </svg>
      </div>
    </figure>
  `;
}

export function parallel(linked: Linked): Html {
  const { axes, rows } = linked;
  const frame = parallelFrame(axes.length), tones = tonesOf(linked);
  const path = (row: Ranked) =>
    axes.map((axis, i) =>
      `${i === 0 ? "M" : "L"}${near(axisX(frame, i, axes.length))} ${
        near(up(frame, drawnPlace(axis, row, i)))
      }`
    ).join("");
  const drawn = rows.map((row, i) => ({ row, tone: tones[i] ?? "rest" }))
    .filter(({ row }) => row.values.at(-1) !== null);
  const marks = TONES.flatMap((tone) => {
    const own = drawn.filter((one) => one.tone === tone).map(({ row }) => path(row));
    const paths: Html[] = [];
    for (let at = 0; at < own.length; at += LINES_A_PATH) {
      paths.push(html`
        <path d="${own.slice(at, at + LINES_A_PATH).join("")}" />
      `);
    }
    const width = tone === "best" ? 2.5 : 1;
    return html`
      <g fill="none" stroke="${COLOUR[tone]}" stroke-width="${width}"
        stroke-opacity="${strength(tone, own.length, true)}">${paths}</g>
    `;
  });
  const most = Math.floor((frame.right - frame.left) / Math.max(1, axes.length - 1) / 7);
  const parts = axes.map((axis, i) => {
    const x = axisX(frame, i, axes.length), isLast = i === axes.length - 1;
    const side = isLast ? 1 : -1, anchor = isLast ? "start" : "end";
    return html`${line(`M${near(x)} ${frame.top}V${frame.bottom}`)}${
      marksOf(axis).map(({ place, says }) => {
        const y = near(up(frame, place));
        return html`${line(`M${near(x)} ${y}h${4 * side}`)}${
          text(x + 7 * side, y + 4, anchor, says, i === 0 || isLast ? 12 : most - 3, ROLES.soft)
        }`;
      })
    }${
      axis.gaps &&
      text(
        x + 7 * side,
        up(frame, NOT_SET) + 4,
        anchor,
        "not set",
        12,
        ROLES.soft,
      )
    }${
      axis.gaps && html`
        <circle cx="${near(x)}" cy="${near(up(frame, NOT_SET))}" r="2.5" fill="${ROLES.soft}" />
      `
    }${text(x, frame.top - 18, "middle", axis.title, most, ROLES.ink)}`;
  });
  return plot(
    "parallel",
    frame,
    `Parallel coordinates: a line a trial over ${axes.map(({ title }) => title).join(", ")}`,
    html`${marks}`,
    html`${parts}`,
  );
}

/** The metric against the param of axis `i`. */
export function slice(linked: Linked, i: number): Html | null {
  const { axes, rows } = linked;
  const axis = axes[i], metric = axes.at(-1);
  if (axis === undefined || metric === undefined) return null;
  const frame = sliceFrame(axis), tones = tonesOf(linked);
  const at = (row: Ranked) => {
    const x = near(across(frame, drawnPlace(axis, row, i)));
    const y = near(up(frame, placeOf(metric, row.values.at(-1) ?? null)));
    return row.state === "pruned" ? `M${x - 2} ${y - 2}l4 4m0 -4l-4 4` : `M${x} ${y}h0`;
  };
  const groups = TONES.flatMap((tone) =>
    [true, false].map((isPruned) => {
      const own = rows.filter((row, k) =>
        tones[k] === tone && (row.state === "pruned") === isPruned && row.values.at(-1) !== null
      );
      return own.length === 0 ? null : html`
        <path d="${own.map(at).join("")}" stroke="${COLOUR[tone]}" stroke-width="${isPruned
          ? 1
          : tone === "best"
          ? 9
          : 5}" stroke-linecap="round"
          stroke-opacity="${strength(tone, own.length, false)}" />
      `;
    })
  );
  const left = 46, most = axis.names.length === 0 ? 9 : Math.floor(40 / axis.names.length) + 2;
  const axesDrawn = html`${line(`M${left} ${frame.top}V${frame.bottom}H${frame.right + 8}`)}${
    marksOf(axis).map(({ place, says }) => {
      const x = across(frame, place);
      return html`${line(`M${near(x)} ${frame.bottom}v4`)}${
        text(x, frame.bottom + 16, "middle", says, most, ROLES.soft)
      }`;
    })
  }${
    axis.gaps && text(across(frame, NOT_SET), frame.bottom + 16, "middle", "not set", 9, ROLES.soft)
  }${
    marksOf(metric).map(({ place, says }) => {
      const y = up(frame, place);
      return html`${line(`M${left} ${near(y)}h-4`)}${
        text(left - 7, y + 4, "end", says, 7, ROLES.soft)
      }`;
    })
  }${text((frame.left + frame.right) / 2, frame.height - 6, "middle", axis.title, 40, ROLES.ink)}`;
  return plot(
    `slice-${i}`,
    frame,
    `${metric.title} against ${axis.title}, a dot a trial`,
    html`${groups}`,
    axesDrawn,
  );
}
