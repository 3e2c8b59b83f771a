// The shape a node of the configuration's JSON Schema may have: a closed set of draft-07 keywords plus `x-` facts of
// ours. check.ts implements exactly these keywords, so a keyword that is not listed here cannot be used by mistake.

export interface SchemaNode {
  readonly type: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description: string;
  readonly default?: string | number | boolean;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  /** False refuses unknown keys; a node describes the value of every key that `properties` does not name. */
  readonly additionalProperties?: false | SchemaNode;
  readonly propertyNames?: { readonly pattern: string };
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly maxItems?: number;
  /** Shown in the example file and in messages. */
  readonly examples?: readonly unknown[];
  /** The environment variable that overrides the key. */
  readonly "x-env"?: string;
  /** The command-line flag that overrides the key. */
  readonly "x-flag"?: string;
  /** When a change takes effect. Set on a node it holds for everything below it. */
  readonly "x-reload"?: "hot" | "restart";
  /** The value must never be printed or hashed. */
  readonly "x-secret"?: true;
  /** Whatever stands below is not ours: it is neither checked nor filled in. For objects without properties. */
  readonly "x-free"?: true;
  /** A sibling that may not be set together with this key; the example file then shows only the sibling as a setting. */
  readonly "x-instead-of"?: string;
  /** What `pattern` asks for, in words. */
  readonly "x-expects"?: string;
}

/** No duration in the configuration is longer than a week; timers stay far from their 2^31 ms limit. */
export const SECONDS_MAX = 604_800;

type Properties<S> = S extends { readonly properties: infer P } ? P : Record<never, never>;
type Required<S> = S extends { readonly required: readonly (infer R)[] } ? R : never;

/** Keys that always have a value once defaults are filled in: required, defaulted, or an object (then at least `{}`). */
type Present<S> = {
  [K in keyof Properties<S>]: K extends Required<S>
    ? K
    : Properties<S>[K] extends { readonly "x-free": true }
      ? never
      : Properties<S>[K] extends { readonly default: unknown } | { readonly type: "object" }
        ? K
        : never;
}[keyof Properties<S>];

type Entries<S> = S extends { readonly additionalProperties: infer A extends SchemaNode }
  ? { readonly [key: string]: Infer<A> }
  : unknown;

/** The TypeScript type of a value that passed check.ts and had its defaults filled in. */
export type Infer<S> = S extends { readonly enum: readonly (infer E)[] }
  ? E
  : S extends { readonly type: "string" }
    ? string
    : S extends { readonly type: "integer" | "number" }
      ? number
      : S extends { readonly type: "boolean" }
        ? boolean
        : S extends { readonly type: "array"; readonly items: infer I }
          ? readonly Infer<I>[]
          : S extends { readonly "x-free": true }
            ? Readonly<Record<string, unknown>>
            : { readonly [K in Present<S>]: Infer<Properties<S>[K]> } & {
                readonly [K in Exclude<keyof Properties<S>, Present<S>>]?: Infer<Properties<S>[K]>;
              } & Entries<S>;

/** The node that describes the value under `key`, or undefined when the schema has no such key. */
export function childNode(node: SchemaNode, key: string | number): SchemaNode | undefined {
  if (node.type === "array") {
    return typeof key === "number" || /^\d+$/.test(key) ? node.items : undefined;
  }
  const name = String(key);
  const known = node.properties;
  if (known !== undefined && Object.hasOwn(known, name)) return known[name];
  return node.additionalProperties === false ? undefined : node.additionalProperties;
}

/** Calls `visit` for every node that `properties` names, with its path. Entries of maps and lists have no fixed path. */
export function eachNamedNode(
  node: SchemaNode,
  visit: (path: readonly string[], node: SchemaNode) => void,
  path: readonly string[] = [],
): void {
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    visit([...path, key], child);
    eachNamedNode(child, visit, [...path, key]);
  }
}
