// What may stand in which file, as data: one row a rule, each with an example that it must catch, so that no rule can
// quietly stop working. Rules about imports are not here: dependency-cruiser sees those properly.

export interface TextRule {
  readonly name: string;
  /** Which files are looked at. */
  readonly files: RegExp;
  /** The files among them that may contain it: the place where it belongs. */
  readonly allowed?: RegExp;
  readonly pattern: RegExp;
  /** Whether a comment that holds it counts too. */
  readonly inComments?: true;
  readonly instead: string;
  readonly example: string;
}

const SOURCE = /^src\/.*\.tsx?$/;
const CODE = /\.(ts|tsx|cjs|mjs|sql|sh)$/;
const SELF = /^test\/arch\/(rules|tidy\.test)\.ts$/;

export const TEXT_RULES: readonly TextRule[] = [
  {
    name: "the environment is read in src/config",
    files: SOURCE,
    allowed: /^src\/(config\/|native\.ts)/,
    pattern: /\bprocess\.env\b/,
    instead: "take the value from the configuration",
    example: "const home = process.env.HOME;",
  },
  {
    name: "time and randomness come in through ports",
    files: SOURCE,
    allowed: /^src\/(daemon|writer|main|system)\.ts$/,
    pattern:
      /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bprocess\.hrtime\b|\bMath\.random\b|\brandomUUID\b/,
    instead: "take a Clock or Random from src/domain/time.ts",
    example: "const id = crypto.randomUUID();",
  },
  {
    name: "main alone ends the process",
    files: SOURCE,
    allowed: /^src\/main\.ts$/,
    pattern: /\bprocess\.(exit|abort|reallyExit)\(/,
    instead: "return an exit code or throw a GoclawError",
    example: "process.exit(1);",
  },
  {
    name: "outbound HTTP goes through the egress guard",
    files: SOURCE,
    allowed: /^src\/(policy\/egress[a-z-]*|cli\/api|providers\/[a-z-]+)\.ts$/,
    pattern:
      /(?<![.\w])fetch\(|\bglobalThis\.fetch\b|\bhttps?\.(request|get)\(|\{[^}]*\b(request|get)\b[^}]*\} from "node:https?"/,
    instead: "call the fetch of src/policy/egress.ts",
    example: "await fetch(url);",
  },
  {
    name: "no type import that dependency-cruiser cannot see",
    files: SOURCE,
    pattern: /\bimport\((["'])[^"']+\1\)\.(?!then\b|catch\b)/,
    instead: "write `import type { … } from` at the top",
    example: 'type Task = import("./task.ts").Task;',
  },
  {
    name: "no silenced type errors",
    files: CODE,
    allowed: SELF,
    pattern: /@ts-(ignore|nocheck)\b/,
    instead: "mend the type, or use @ts-expect-error in a type test",
    inComments: true,
    example: "// @ts-ignore",
  },
  {
    name: "nothing left for later in the code",
    files: CODE,
    allowed: SELF,
    pattern: /\b(TODO|FIXME|XXX|HACK)\b/,
    instead: "do it, or open an issue",
    inComments: true,
    example: "// TODO: later",
  },
  {
    name: "no test is left out",
    files: /^test\/.*\.ts$/,
    allowed: SELF,
    pattern: /\b(test|it|describe|suite)(\.\w+)*\.(only|skip|todo|fails)\b/,
    instead: "run it; `skipIf` names a condition of the machine",
    example: "test.only('x', () => {});",
  },
  {
    name: "tests wait for signals",
    files: /^test\/.*\.test\.ts$/,
    allowed: SELF,
    pattern: /\bsleep\(|node:timers\/promises|new Promise\([^)]*\)? => setTimeout\(/,
    instead: "wait for a line, a file or a state with a deadline (test/support/wait.ts)",
    example: "await new Promise((resolve) => setTimeout(resolve, 50));",
  },
  {
    name: "no registry host names",
    files: /./,
    allowed: SELF,
    pattern: /\bregistry\.(npmjs|yarnpkg)\.|\bnpmjs\.org\b/,
    instead: "leave the registry to the machine's npm configuration",
    inComments: true,
    example: "https://registry.npmjs.org/x",
  },
];

/** Parts of file and folder names that say nothing about what is inside. */
export const BANNED_NAMES = [
  "util",
  "utils",
  "helper",
  "helpers",
  "common",
  "misc",
  "manager",
  "service",
  "processor",
  "base",
  "impl",
] as const;

/** What may lie at the top of the repository. */
export const ROOT_FILES = [
  ".dependency-cruiser.cjs",
  ".gitattributes",
  ".gitignore",
  ".npmrc",
  "AGENTS.md",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "LICENSE",
  "README.md",
  "SPEC.md",
  "biome.json",
  "config.example.yaml",
  "install.sh",
  "justfile",
  "knip.json",
  "package-lock.json",
  "package.json",
  "policy.example.yaml",
  "tsconfig.json",
  "vitest.config.ts",
] as const;

export const ROOT_FOLDERS = [
  ".ci",
  "bench",
  "cassettes",
  "docs",
  "scripts",
  "skills",
  "src",
  "test",
] as const;

export const SIZE = { softLines: 250, hardLines: 400, fileBytes: 256 * 1024 } as const;

/** Files over the soft limit, with the length they may not pass. Rows may shrink or go; a new one needs a reason. */
export const LONG_FILES: Readonly<Record<string, number>> = {};
