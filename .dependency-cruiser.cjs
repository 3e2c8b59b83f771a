// The layer table of DESIGN.md as data, and the rules made from it. Imports only point down; a type-only import counts
// like any other; a folder that is not in the table is an error. `test/arch/layers.test.ts` proves that the rules bite.
//
// Parsed with swc, because TypeScript 7 has no compiler API for dependency-cruiser to call. swc's visitor sees static,
// type-only, re-exporting and dynamic imports; the one form it misses, `import("…").Type`, is refused by the tidy test.

/** A folder of src → the folders it may import. Its own folder and `domain` are always allowed. */
const LAYERS = {
  gateway: ["rpc", "bus", "telemetry", "config"],
  channels: ["rpc", "bus", "telemetry", "config"],
  cli: ["rpc", "bus", "telemetry", "config"],
  tui: ["rpc"],
  rpc: ["agents", "engine", "queue", "policy", "store", "bus", "journal", "telemetry"],
  engine: [
    "brain",
    "tools",
    "queue",
    "policy",
    "providers",
    "store",
    "bus",
    "journal",
    "config",
    "telemetry",
    "agents",
    "plans",
  ],
  agents: [
    "brain",
    "tools",
    "queue",
    "policy",
    "providers",
    "store",
    "bus",
    "journal",
    "config",
    "telemetry",
  ],
  plans: ["brain", "tools", "queue", "policy", "providers", "store", "bus", "journal", "config", "telemetry"],
  brain: ["providers", "tools", "store", "bus", "journal", "telemetry", "memory"],
  memory: ["providers", "tools", "store", "bus", "telemetry"],
  tools: ["queue", "policy", "sandbox", "skills", "mcp", "store", "bus", "journal", "telemetry"],
  sandbox: ["policy", "store", "telemetry"],
  skills: ["policy", "store", "telemetry"],
  mcp: ["policy", "store", "telemetry"],
  queue: ["store"],
  policy: ["store"],
  journal: ["queue", "store"],
  store: [],
  bus: [],
  providers: [],
  config: [],
  telemetry: [],
  domain: [],
};

/** The ports to the machine, files directly in src: they import only `domain`, and only these folders may import them.
 *  Every other file directly in src is composition (main, daemon, writer, boot, verbs) and imports what it wires. */
const PORTS = {
  native: ["store", "providers"],
  system: ["cli"],
};

/** A package or built-in module → the only files that may import it. */
const ONLY_IN = {
  "better-sqlite3": "^src/store/",
  openai: "^src/providers/open(ai|router)[^/]*\\.ts$",
  "@anthropic-ai/sdk": "^src/providers/anthropic[^/]*\\.ts$",
  "@google/genai": "^src/providers/google[^/]*\\.ts$",
  ollama: "^src/providers/ollama[^/]*\\.ts$",
  fastify: "^src/gateway/",
  ws: "^src/gateway/",
  commander: "^src/cli/",
  pino: "^src/telemetry/",
  ink: "^src/tui/",
  react: "^src/tui/",
  "node:sea": "^src/native\\.ts$",
  "node:child_process": "^src/(cli/daemon|sandbox/spawn)\\.ts$",
  "node:worker_threads": "^src/(store/.*|writer|page-reader|native|tools/page)\\.ts$",
  undici: "^src/policy/egress[^/]*\\.ts$",
  "@mozilla/readability": "^src/tools/page-text\\.ts$",
  linkedom: "^src/tools/page-text\\.ts$",
  "cron-parser": "^src/engine/cron/next-wall\\.ts$",
  turndown: "^src/tools/page-text\\.ts$",
};

const portPath = (name) => `^src/${name}\\.ts$`;
const folders = (names) => names.map((name) => `^src/${name}/`);
const portsOpenTo = (folder) =>
  Object.keys(PORTS)
    .filter((name) => PORTS[name].includes(folder))
    .map(portPath);

const layerRules = Object.entries(LAYERS)
  .filter(([folder]) => folder !== "domain")
  .map(([folder, below]) => ({
    name: `layer-${folder}`,
    comment: `src/${folder} may import only: ${["domain", ...below].join(", ")}. Move the code down or pass it in.`,
    severity: "error",
    from: { path: `^src/${folder}/` },
    to: {
      path: "^src/",
      pathNot: [
        ...folders([folder, "domain", ...below]),
        ...portsOpenTo(folder),
        ...(folder === "cli" ? ["^src/daemon\\.ts$"] : []),
      ],
    },
  }));

const portRules = Object.keys(PORTS).map((name) => ({
  name: `port-${name}`,
  comment: `src/${name}.ts is a port to the machine and may import only src/domain.`,
  severity: "error",
  from: { path: portPath(name) },
  to: { path: "^src/", pathNot: folders(["domain"]) },
}));

const onlyInRules = Object.entries(ONLY_IN).map(([module, place]) => ({
  name: `only-in-${module.replace(/^node:|^@/, "").replace("/", "-")}`,
  comment: `"${module}" may be imported only in ${place}; ask the code there instead.`,
  severity: "error",
  from: { path: "^src/", pathNot: place },
  to: {
    path: module.startsWith("node:")
      ? `^(node:)?${module.slice("node:".length)}$`
      : `(^|/)node_modules/${module}/`,
  },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    ...portRules,
    ...onlyInRules,
    {
      name: "domain-is-pure",
      comment: "src/domain imports nothing, not even node:*; pass it in through a port.",
      severity: "error",
      from: { path: "^src/domain/" },
      to: { pathNot: "^src/domain/" },
    },
    {
      name: "verbs-are-functions",
      comment:
        "A verb is a function of the database and its input (decision 0001): of Node it may use only hashes.",
      severity: "error",
      from: { path: "^src/(queue|journal)/" },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
    },
    {
      name: "daemon-lazily",
      comment:
        'The command line starts the daemon with `await import("../daemon.ts")`, so that --version stays fast.',
      severity: "error",
      from: { path: "^src/(cli/|main\\.ts$)" },
      to: { path: "^src/daemon\\.ts$", dynamic: false, dependencyTypesNot: ["type-only"] },
    },
    {
      name: "main-is-the-top",
      comment: "src/main.ts is where the program begins; nothing imports it.",
      severity: "error",
      from: {},
      to: { path: "^src/main\\.ts$" },
    },
    {
      name: "folder-not-in-table",
      comment: "A new folder of src needs a row in LAYERS.",
      severity: "error",
      from: { path: "^src/[^/]+/", pathNot: folders(Object.keys(LAYERS)) },
      to: {},
    },
    {
      name: "no-cycle",
      comment: "Two files that need each other are one idea: join them, or move what they share down.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "not-to-dev-dependency",
      comment: "What the program imports must be a dependency, not a devDependency.",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "not-to-test",
      comment: "The program does not import its tests, scripts or bench.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|scripts|bench)/" },
    },
    {
      name: "resolvable",
      comment: "The import names a file or package that does not exist.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".tsx", ".js", ".mjs", ".cjs", ".json", ".d.ts"],
    },
  },
};
