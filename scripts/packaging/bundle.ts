// Turns src/ into CommonJS chunks: one for the program, one for every `await import()` of a first-party file or a heavy
// package, one for code they share (each module exists once, so `instanceof` and module state hold across chunks), and
// one for each other thread. CommonJS, because a static ESM import of node:http costs 40 ms.
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin, transform } from "esbuild";
import { ASSET_FOLDERS } from "../../src/native.ts";

/** Names of identifiers stay: an operator must be able to read a stack trace. */
const COMPACT = {
  minifyWhitespace: true,
  minifySyntax: true,
  charset: "ascii",
  legalComments: "none",
} as const;
const TARGET = "node24";
/**
 * What a package imports for a feature that is not used here becomes an empty module: servers with TLS and HTTP/2,
 * compilers of route schemas, requests for tests, subcommands that are programs of their own, logs written by another
 * thread. Every start would pay for them.
 */
const UNUSED: Readonly<Record<string, readonly string[]>> = {
  fastify: [
    ...["node:https", "node:http2", "@fastify/ajv-compiler", "@fastify/fast-json-stringify-compiler"],
    "light-my-request",
  ],
  commander: ["node:child_process"],
  pino: ["thread-stream"],
};
/** The parameters the loader hands to every chunk. */
const WRAPPER = { banner: "(function(exports,require,module,__filename,__dirname){", footer: "})" };

export interface Bundle {
  /** Chunk name → source text, in the order of the names. */
  readonly chunks: ReadonlyMap<string, string>;
  readonly loader: string;
}

export async function bundle(root: string, version: string): Promise<Bundle> {
  const [loader, ...threads] = await Promise.all([
    loaderText(version),
    ...["main", "writer", "page-reader"].map((entry) => chunksOf(join(root, `src/${entry}.ts`))),
  ]);
  const named = threads.flat();
  const chunks = new Map(named.sort(([a], [b]) => (a < b ? -1 : 1)));
  if (chunks.size !== named.length) throw new Error("two chunks have the same name");
  return { chunks, loader };
}

/** Asset name → file, for every folder that `readAsset` knows. */
export function textAssets(root: string): Map<string, string> {
  const assets = new Map<string, string>();
  for (const [name, folder] of Object.entries(ASSET_FOLDERS)) {
    const directory = join(root, "src", folder);
    const files = readdirSync(directory).sort();
    if (files.length === 0) throw new Error(`${directory} is empty`);
    for (const file of files) assets.set(`${name}/${file}`, join(directory, file));
  }
  return assets;
}

async function chunksOf(entry: string): Promise<[string, string][]> {
  const result = await build({
    ...COMPACT,
    entryPoints: [entry],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: TARGET,
    outdir: "chunks",
    entryNames: "[name]",
    chunkNames: `${basename(entry, ".ts")}-[name]-[hash]`,
    define: { "process.env.NODE_ENV": '"production"', "import.meta.url": '"file:///goclaw/chunk"' },
    plugins: [withoutUnused],
    write: false,
    logLevel: "warning",
  });
  return await Promise.all(
    result.outputFiles.map(async ({ path, text }): Promise<[string, string]> => {
      const name = basename(path);
      return [name, await toCommonJs(name, text)];
    }),
  );
}

const withoutUnused: Plugin = {
  name: "without-unused",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
      const packageName = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(importer)?.[1] ?? "";
      return UNUSED[packageName]?.includes(path) ? { path, namespace: "unused" } : undefined;
    });
    onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "module.exports = {}" }));
  },
};

async function toCommonJs(name: string, text: string): Promise<string> {
  const { code } = await transform(text, {
    ...COMPACT,
    ...WRAPPER,
    format: "cjs",
    platform: "node",
    target: TARGET,
    supported: { "dynamic-import": false },
    sourcefile: name,
    logLevel: "warning",
  });
  const ascii = withEscapedRegexes(code);
  if (/[^\0-\x7f]/.test(ascii)) throw new Error(`chunk ${name} has characters outside ASCII`);
  return ascii;
}

/** esbuild escapes strings but leaves regular expressions as they are, where an escape means the same. */
function withEscapedRegexes(code: string): string {
  return code.replace(/\/(?:[^/\n\\[]|\\.|\[(?:[^\]\n\\]|\\.)*\])+\//g, (regex) =>
    regex.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}

async function loaderText(version: string): Promise<string> {
  const result = await build({
    ...COMPACT,
    entryPoints: [fileURLToPath(import.meta.resolve("./loader.ts"))],
    bundle: true,
    format: "cjs",
    platform: "node",
    target: TARGET,
    define: { GOCLAW_VERSION: JSON.stringify(version) },
    write: false,
    logLevel: "warning",
  });
  return result.outputFiles[0]?.text ?? "";
}
