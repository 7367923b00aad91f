/** Numbers that training computes with are f32: what a config says must still be so as one. */
import type { z } from "zod";

/**
 * A number that as f32 is finite, and none of `limits` (0 unless told) unless it is said to be: 1e-50 as a
 * rate is 0, and 0.99999999 as a decay is 1.
 */
export function single<T extends z.ZodNumber>(number: T, limits: readonly number[] = [0]): T {
  return number.superRefine((value, context) => {
    const used = Math.fround(value);
    if (Number.isFinite(used) && (used === value || !limits.includes(used))) return;
    context.addIssue({
      code: "custom",
      message:
        `Found ${value}, which is ${used} as f32, the numbers that training computes with; ` +
        `take ${Number.isFinite(used) ? `one further from ${used}` : "a smaller one"}`,
    });
  });
}
