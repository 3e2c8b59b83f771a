// Node's fetch gives up by itself after five minutes without headers or without a byte, whatever `timeout_seconds` says;
// a model that is loaded and thinks on a CPU takes longer. Calls are made with a dispatcher that leaves time to the call's
// own clock. It is of the class that Node has chosen, so that a proxy of the environment stays one.

type Dispatcher = NonNullable<RequestInit["dispatcher"]>;

const CURRENT = Symbol.for("undici.globalDispatcher.1");
const FOREVER = { headersTimeout: 0, bodyTimeout: 0 };

let patient: Dispatcher | undefined;

/** Undefined where Node does not show what it uses: then its own limits hold. */
export function patientDispatcher(): Dispatcher | undefined {
  const current = (globalThis as { [CURRENT]?: Dispatcher })[CURRENT];
  if (current === undefined) return undefined;
  patient ??= new (current.constructor as new (options: object) => Dispatcher)(FOREVER);
  return patient;
}
