/**
 * All that a stage finds in its global object. What is not here is deleted, whatever a new version of Deno brings: a
 * name is added when it is needed, and gives out neither time, chance, the machine nor another's data.
 */
const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== "");

/** The language's own, as it is; `guard.ts` puts something else in the place of `Date` and `Worker`. */
export const WHOLE: readonly string[] = words(`
  Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise RegExp
  Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError SuppressedError
  DOMException globalThis self global JSON ArrayBuffer SharedArrayBuffer DataView Uint8Array Int8Array Uint16Array
  Int16Array Uint32Array Int32Array BigUint64Array BigInt64Array Uint8ClampedArray Float16Array Float32Array
  Float64Array Map BigInt Set Iterator WeakMap WeakSet Proxy Reflect DisposableStack AsyncDisposableStack
  decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape eval isFinite isNaN
  atob btoa queueMicrotask  fetch Buffer
`);

/** What these objects keep. */
export const OBJECTS: Readonly<Record<string, readonly string[]>> = {
  Math: words(`
    abs acos acosh asin asinh atan atan2 atanh cbrt ceil clz32 cos cosh exp expm1 f16round floor fround hypot imul log
    log1p log2 log10 max min pow random round sign sin sinh sqrt sumPrecise tan tanh trunc
    E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2
  `),
  // A waiting that ends by itself is a clock.
  Atomics: words(
    "add and compareExchange exchange isLockFree load notify or pause store sub wait xor",
  ),
  // Dates are formatted by the clock where none is given.
  Intl: words(`
    Collator DisplayNames ListFormat Locale NumberFormat PluralRules RelativeTimeFormat Segmenter getCanonicalLocales
    supportedValuesOf
  `),
  WebAssembly: words(`
    CompileError Global Instance LinkError Memory Module RuntimeError Table compile instantiate validate
  `),
};

/** What these classes keep, of their own and of their prototypes. */
export const CLASSES: Readonly<Record<string, readonly string[]>> = {
  AbortController: words("signal abort"),
  AbortSignal: words(
    "any abort aborted reason throwIfAborted addEventListener removeEventListener onabort",
  ),
  Blob: words("size type slice stream textStream text arrayBuffer bytes"),
  ByteLengthQueuingStrategy: words("highWaterMark size"),
  CompressionStream: words("readable writable"),
  CountQueuingStrategy: words("highWaterMark size"),
  CustomEvent: words("detail"),
  DecompressionStream: words("readable writable"),
  ErrorEvent: words("error message"),
  Event: words(`
    NONE CAPTURING_PHASE AT_TARGET BUBBLING_PHASE type target srcElement currentTarget composedPath eventPhase
    stopPropagation cancelBubble stopImmediatePropagation bubbles cancelable returnValue preventDefault
    defaultPrevented composed initialized isTrusted
  `),
  EventTarget: words("addEventListener removeEventListener dispatchEvent getParent"),
  Headers: words("append delete get getSetCookie has set entries keys values forEach"),
  PromiseRejectionEvent: words("promise reason"),
  ReadableByteStreamController: words("byobRequest desiredSize close enqueue error"),
  ReadableStream: words("from locked cancel getReader pipeThrough pipeTo tee values"),
  ReadableStreamBYOBReader: words("read releaseLock closed cancel"),
  ReadableStreamDefaultController: words("desiredSize close enqueue error"),
  ReadableStreamDefaultReader: words("read releaseLock closed cancel"),
  Request: words(`
    method url headers redirect cache credentials integrity keepalive mode referrer referrerPolicy signal clone body
    bodyUsed arrayBuffer blob bytes json text textStream
  `),
  Response: words(`
    error redirect json type url redirected status ok statusText headers clone body bodyUsed arrayBuffer blob bytes
    text textStream
  `),
  TextDecoder: words("encoding fatal ignoreBOM decode"),
  TextDecoderStream: words("encoding fatal ignoreBOM readable writable"),
  TextEncoder: words("encoding encode encodeInto"),
  TextEncoderStream: words("encoding readable writable"),
  TransformStream: words("readable writable"),
  TransformStreamDefaultController: words("desiredSize enqueue error terminate"),
  URL: words(`
    parse canParse hash host hostname href origin password pathname port protocol search username searchParams toString
    toJSON
  `),
  URLSearchParams: words(
    "append delete getAll get has set sort toString size entries keys values forEach",
  ),
  Worker: words("postMessage terminate onerror onmessage onmessageerror"),
  WritableStream: words("locked abort close getWriter"),
  WritableStreamDefaultController: words("signal error"),
  WritableStreamDefaultWriter: words("closed desiredSize ready abort close releaseLock write"),
};

/** What of Deno stays as it is: files, by the rights of the process, and what refuses in words that say what to do. */
export const DENO: readonly string[] = words(`
  errors SeekMode inspect env Command kill dlopen hostname symlink symlinkSync link linkSync
  copyFile copyFileSync create createSync mkdir mkdirSync open openSync readFile readFileSync readTextFile
  readTextFileSync realPath realPathSync remove removeSync rename renameSync truncate truncateSync writeFile
  writeFileSync writeTextFile writeTextFileSync
`);

/** An open file's. */
export const FILE: readonly string[] = words(`
  write writeSync truncate truncateSync read readSync seek seekSync syncData syncDataSync sync syncSync close readable
  writable lock lockSync tryLock tryLockSync unlock unlockSync
`);
