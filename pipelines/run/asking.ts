/** Asks who adds nodes to a run, one question at a time. */
import type { Node } from "../plan/plan.ts";
import type { RunRecord } from "../store/store.ts";

export type NodeResult = RunRecord["nodes"][number];

/**
 * Nodes to add, given what has ended since the last question: each after those that feed it, and those that
 * are known already left alone. Null: there will be no more. Asked with nothing when the run begins, then
 * whenever something has ended, never twice at once. A node that is healed ends, and is told, again.
 */
export type More = (ended: readonly NodeResult[]) => Promise<readonly Node[] | null>;

export class Asking {
  /** What has ended since it was asked last; null: it will say no more. */
  #news: NodeResult[] | null;
  #isBegun = false;
  #isAsked = false;
  #broken: { readonly error: unknown } | null = null;

  /** `take`: what to do with nodes that it gives; `change`: called after each answer. */
  constructor(
    readonly more: More | undefined,
    readonly take: (nodes: readonly Node[]) => void,
    readonly change: () => void,
  ) {
    this.#news = more === undefined ? null : [];
  }

  /** There will be no more nodes. */
  get isOver(): boolean {
    return this.#news === null;
  }
  /** It has not answered yet. */
  get isAsked(): boolean {
    return this.#isAsked;
  }
  get hasNews(): boolean {
    return this.#news !== null && this.#news.length > 0;
  }
  /** What it has thrown; null: nothing. */
  get broken(): { readonly error: unknown } | null {
    return this.#broken;
  }

  tell(result: NodeResult): void {
    this.#news?.push(result);
  }

  /** Does nothing where an answer is still to come, or nothing has ended since the last. */
  ask(): void {
    if (this.more === undefined || this.#news === null || this.#isAsked) return;
    if (this.#isBegun && this.#news.length === 0) return;
    const ended = this.#news;
    this.#news = [];
    this.#isBegun = this.#isAsked = true;
    void this.#answer(this.more, ended);
  }

  async #answer(more: More, ended: readonly NodeResult[]): Promise<void> {
    try {
      const nodes = await more(ended);
      if (nodes === null) this.#news = null;
      else this.take(nodes);
    } catch (error) {
      this.#broken = { error };
    }
    this.#isAsked = false;
    this.change();
  }
}
