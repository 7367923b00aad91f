/** Draws images with characters: two pixels a character, by colour where there is any, else by shade. */

/** Images of one batch: bytes in NHWC order, one or three channels. */
export interface Pictures {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly images: readonly Uint8Array[];
}

const SHADES = " ░▒▓█";

/** How many images fit side by side, with a column between them. */
export function across(width: number, columns: number): number {
  return Math.max(1, Math.min(12, Math.floor((columns + 1) / (width + 1))));
}

/** A row of images as lines of text; an image wider than the terminal is thinned out. */
export function draw(pictures: Pictures, columns: number, colours: boolean): string[] {
  const { height, width, channels, images } = pictures;
  const every = Math.max(1, Math.ceil(width / columns));
  const lines: string[] = [];
  const pixel = (image: Uint8Array, y: number, x: number): readonly [number, number, number] => {
    const at = (Math.min(y, height - 1) * width + x) * channels;
    const first = image[at] ?? 0;
    return channels === 1 ? [first, first, first] : [first, image[at + 1] ?? 0, image[at + 2] ?? 0];
  };
  for (let y = 0; y < height; y += 2 * every) {
    const parts = images.map((image) => {
      let line = "";
      for (let x = 0; x < width; x += every) {
        const upper = pixel(image, y, x);
        const lower = pixel(image, y + every, x);
        line += colours
          ? `\u001b[38;5;${index(upper)};48;5;${index(lower)}m▀`
          : shade(upper, lower);
      }
      return colours ? `${line}\u001b[0m` : line;
    });
    lines.push(parts.join(" ").trimEnd());
  }
  return lines;
}

/** The nearest of a terminal's 256 colours: 24 greys, or the cube of 6 levels. */
function index([red, green, blue]: readonly [number, number, number]): number {
  if (red === green && green === blue) return 232 + Math.min(23, Math.floor(red * 24 / 256));
  const level = (value: number) => Math.round(value / 51);
  return 16 + 36 * level(red) + 6 * level(green) + level(blue);
}

function shade(
  upper: readonly [number, number, number],
  lower: readonly [number, number, number],
): string {
  const sum = [...upper, ...lower].reduce((total, value) => total + value, 0);
  return SHADES[Math.min(SHADES.length - 1, Math.floor(sum * SHADES.length / (6 * 256)))] ?? " ";
}
