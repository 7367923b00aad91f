/** Which word was probably meant. */
import assert from "node:assert/strict";
import { nearest, suggest } from "../pipelines/config/nearest.ts";

Deno.test("the nearest word has the fewest letters added, left out, changed or swapped", () => {
  const words = ["epochs", "epsilon", "batchSize", "loss"];
  assert.equal(nearest("epoch", words), "epochs");
  assert.equal(nearest("epcohs", words), "epochs");
  assert.equal(nearest("epselon", words), "epsilon");
  assert.equal(nearest("batchsize", words), "batchSize");
  assert.equal(nearest("LOSS", words), "loss");
});

Deno.test("a word that is like none gets no guess, nor does one that is there", () => {
  assert.equal(nearest("filters", ["units", "rate"]), null);
  assert.equal(nearest("c", ["a", "b"]), null);
  assert.equal(nearest("C", ["a", "c"]), "c");
  assert.equal(nearest("", ["a"]), null);
  assert.equal(nearest("loss", ["loss"]), null);
  assert.equal(nearest("x".repeat(5000), ["x".repeat(4999)]), null);
});

Deno.test("the first of several words that are equally near is taken", () => {
  assert.equal(nearest("tain", ["train", "twain"]), "train");
  assert.equal(nearest("tain", ["twain", "train"]), "twain");
});

Deno.test("a suggestion is the nearest word, or else all that there are", () => {
  assert.equal(suggest("trian", ["train", "test"]), 'Did you mean "train"?');
  assert.equal(suggest("model", ["train", "test"]), "There are: train, test");
  assert.equal(suggest("model", ["train"]), "There is: train");
  assert.equal(suggest("model", []), undefined);
  const many = Array.from({ length: 14 }, (_, index) => `stage${index}`);
  assert.match(suggest("model", many) ?? "", /stage11, and 2 more$/);
});
