/** Plain data, as JSON can hold it; what crosses a process or is hashed is of this type. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}
