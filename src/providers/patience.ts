// Node's fetch gives up by itself after five minutes without headers or without a byte, whatever `timeout_seconds` says;
// a model that is loaded and thinks on a CPU takes longer. Calls are dispatched by whatever Node's fetch would use, a
// proxy of the environment too, and only the limits are lifted: time is the call's own clock's.

type Dispatcher = NonNullable<RequestInit["dispatcher"]>;

const CURRENT = Symbol.for("undici.globalDispatcher.1");
const FOREVER = { headersTimeout: 0, bodyTimeout: 0 };

/** Asks who dispatches only when a request is: Node makes its own at the first fetch. */
const dispatch: Dispatcher["dispatch"] = (options, handler) =>
  (globalThis as unknown as { [CURRENT]: Dispatcher })[CURRENT].dispatch({ ...options, ...FOREVER }, handler);

export const PATIENT = { dispatch } as Dispatcher;
