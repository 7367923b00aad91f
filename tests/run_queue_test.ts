/** In which order what waits is taken, and what memory it may take. */
import assert from "node:assert/strict";
import { leastLimit } from "../pipelines/run/memory.ts";
import { Queue, RoomQueue } from "../pipelines/run/queue.ts";

/** A permutation of 0 .. count - 1 without a pattern: `count` is prime, and 5 a primitive root of it. */
function shuffled(count: number): number[] {
  const found = [0];
  for (let i = 1, value = 1; i < count; i++, value = value * 5 % count) found.push(value);
  return found;
}

Deno.test("a queue gives the least rank first, whatever the order in which it was filled", () => {
  const queue = new Queue<string>();
  const ranks = shuffled(193);
  ranks.forEach((rank, index) => {
    queue.add(`no ${rank}`, rank);
    // Some are taken in between, and put back.
    if (index % 3 === 0) {
      const rank = queue.rank;
      queue.add(queue.take() ?? "", rank);
    }
  });
  assert.equal(queue.size, ranks.length);
  const taken = ranks.map(() => queue.take());
  assert.deepEqual(taken, ranks.map((_, index) => `no ${index}`));
  assert.equal(queue.take(), undefined);
  assert.equal(queue.rank, Infinity);
});

Deno.test("what needs more memory than there is waits, and what comes after it does not", () => {
  const queue = new RoomQueue<string>();
  queue.add("large", 1, 8);
  queue.add("small", 2, 2);
  queue.add("middle", 3, 4);
  assert.equal(queue.take(1), undefined);
  assert.equal(queue.take(4), "small");
  assert.equal(queue.take(4), "middle");
  assert.equal(queue.take(4), undefined);
  assert.equal(queue.take(Infinity), "large");
  assert.equal(queue.take(Infinity), undefined);
});

Deno.test("a container's limit counts where it is less than the machine's memory", () => {
  assert.equal(leastLimit(1000, ""), 1000);
  assert.equal(leastLimit(1000, "max\n"), 1000);
  assert.equal(leastLimit(1000, "600\n"), 600);
  assert.equal(leastLimit(1000, "9223372036854771712\n"), 1000);
  assert.equal(leastLimit(1000, "max\n400\n"), 400);
});
