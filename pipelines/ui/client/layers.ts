/** Where the boxes and arrows of a graph stand: in layers by the longest way, with few crossings. */

export interface Link {
  readonly name: string;
  /** Names of those that feed it. */
  readonly feeds: readonly string[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  /** Upper left corners. */
  readonly boxes: ReadonlyMap<string, Point>;
  /** Each from a box's border over points on its way to the next box. */
  readonly arrows: readonly { readonly key: string; readonly points: readonly Point[] }[];
  readonly width: number;
  readonly height: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
  /** Between layers, and between neighbours. */
  readonly gap: number;
  readonly space: number;
}

/** A box; or the place where an arrow passes a layer. */
interface Place {
  readonly box: string | null;
  before: Place[];
  layer: number;
  at: number;
}

/** Room that a passing arrow takes. */
const PASS = 16;
const ROUNDS = 6;

/** `isTall`: layers stand below one another, not side by side. */
export function layOut(links: readonly Link[], size: Size, isTall: boolean): Layout {
  const { layers, chains } = placesOf(links);
  order(layers);
  const along = isTall ? size.height : size.width, across = isTall ? size.width : size.height;
  const lengths = layers.map((layer) => {
    let at = 0;
    for (const place of layer) {
      place.at = at;
      at += (place.box === null ? PASS : across) + size.space;
    }
    return Math.max(0, at - size.space);
  });
  const widest = Math.max(0, ...lengths);
  layers.forEach((layer, index) => {
    for (const place of layer) place.at += (widest - (lengths[index] ?? 0)) / 2;
  });
  const point = (u: number, v: number): Point => isTall ? { x: v, y: u } : { x: u, y: v };
  const start = ({ layer }: Place) => layer * (along + size.gap);
  const middle = (place: Place) => place.at + (place.box === null ? PASS : across) / 2;
  const boxes = new Map<string, Point>();
  for (const place of layers.flat()) {
    if (place.box !== null) boxes.set(place.box, point(start(place), place.at));
  }
  const arrows = chains.map((chain) => ({
    key: `${chain[0]?.box} ${chain.at(-1)?.box}`,
    points: chain.flatMap((place, index) => [
      ...index === 0 ? [] : [point(start(place), middle(place))],
      ...index === chain.length - 1 ? [] : [point(start(place) + along, middle(place))],
    ]),
  }));
  const deep = Math.max(0, layers.length * (along + size.gap) - size.gap);
  return { boxes, arrows, width: isTall ? widest : deep, height: isTall ? deep : widest };
}

/** Each in its layer, and for each arrow the places that it goes through. */
function placesOf(links: readonly Link[]): { layers: Place[][]; chains: Place[][] } {
  const byName = new Map(links.map((link) => [link.name, link]));
  const found = new Map<string, number>();
  const layerOf = (name: string, trail: ReadonlySet<string>): number => {
    const known = found.get(name);
    if (known !== undefined) return known;
    // What a file says may go round in a circle, which no plan does.
    const feeds = (byName.get(name)?.feeds ?? []).filter((feed) =>
      byName.has(feed) && !trail.has(feed)
    );
    const below = feeds.map((feed) => layerOf(feed, new Set([...trail, feed])));
    const layer = below.length === 0 ? 0 : Math.max(...below) + 1;
    found.set(name, layer);
    return layer;
  };
  const layers: Place[][] = [];
  const put = (box: string | null, layer: number): Place => {
    const place: Place = { box, before: [], layer, at: 0 };
    (layers[layer] ??= []).push(place);
    return place;
  };
  const places = new Map(
    links.map(({ name }) => [name, put(name, layerOf(name, new Set([name])))]),
  );
  const chains: Place[][] = [];
  for (const { name, feeds } of links) {
    for (const feed of feeds) {
      const from = places.get(feed), to = places.get(name);
      if (from === undefined || to === undefined || from.layer >= to.layer) continue;
      const chain = [from];
      for (let layer = from.layer + 1; layer < to.layer; layer++) chain.push(put(null, layer));
      chain.push(to);
      chain.slice(1).forEach((place, index) => place.before.push(chain[index] ?? from));
      chains.push(chain);
    }
  }
  return { layers: Array.from(layers, (layer) => layer ?? []), chains };
}

/** Moves neighbours of one layer to where those that they are tied to stand in the layers beside it. */
function order(layers: Place[][]): void {
  const after = new Map<Place, Place[]>();
  for (const place of layers.flat()) {
    for (const one of place.before) after.set(one, [...after.get(one) ?? [], place]);
  }
  const settle = (layer: Place[], tied: (place: Place) => readonly Place[]) => {
    const wish = new Map(layer.map((place) => {
      const all = tied(place);
      const mean = all.reduce((sum, one) => sum + one.at, 0) / all.length;
      return [place, all.length === 0 ? place.at : mean];
    }));
    layer.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
    spread(layer);
  };
  // As parts of the whole, so that layers of different lengths compare.
  const spread = (layer: Place[]) =>
    layer.forEach((place, index) => place.at = (index + 1) / (layer.length + 1));
  layers.forEach(spread);
  for (let round = 0; round < ROUNDS; round++) {
    for (const layer of layers.slice(1)) settle(layer, (place) => place.before);
    for (const layer of layers.slice(0, -1).reverse()) settle(layer, (one) => after.get(one) ?? []);
  }
}
