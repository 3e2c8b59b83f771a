// The names that no tool may touch, whatever the policy opens: secrets (not even read) and control files, which a
// program obeys when it starts (not written). Names are compared in NFKC and folded case, without invisible characters,
// so that no spelling a file system takes for the same name passes.

import type { PathMode } from "../domain/act.ts";
import { quoteName } from "../domain/quote.ts";

/** Directories and files of secrets: neither read nor written. */
const SECRETS: ReadonlySet<string> = new Set([
  ".ssh",
  ".aws",
  ".azure",
  ".gnupg",
  ".kube",
  ".docker",
  ".goclaw",
  ".password-store",
  ".mozilla",
  ".thunderbird",
  ".netrc",
  "_netrc",
  ".npmrc",
  ".yarnrc.yml",
  ".pypirc",
  ".pgpass",
  ".my.cnf",
  ".git-credentials",
  ".htpasswd",
  ".vault-token",
  ".env",
  "auth.token",
  "keyrings",
  "id_rsa",
  "id_dsa",
  "id_ecdsa",
  "id_ed25519",
]);

/** The same, where the last name alone is too common: `.config/gcloud`. */
const SECRET_PAIRS: ReadonlySet<string> = new Set([
  ".config/gcloud",
  ".config/gh",
  ".config/op",
  ".config/google-chrome",
  ".config/chromium",
  ".config/microsoft-edge",
  ".config/bravesoftware",
  ".config/rclone",
  ".cargo/credentials",
  ".cargo/credentials.toml",
]);

/** Control files and directories: read, never written. */
const CONTROLS: ReadonlySet<string> = new Set([
  ".git",
  ".gitconfig",
  ".gitmodules",
  ".husky",
  ".bashrc",
  ".bash_profile",
  ".bash_login",
  ".bash_logout",
  ".bash_aliases",
  ".profile",
  ".zshrc",
  ".zshenv",
  ".zprofile",
  ".zlogin",
  ".zlogout",
  ".inputrc",
  ".xprofile",
  ".xinitrc",
  ".vimrc",
  ".exrc",
  ".envrc",
  ".mcp.json",
  ".vscode",
  ".idea",
  ".cursor",
  ".claude",
  "skill.md",
  "soul.md",
  "agents.md",
  "claude.md",
  "policy.yaml",
  "config.yaml",
  "audit.jsonl",
]);

const CONTROL_PAIRS: ReadonlySet<string> = new Set([
  ".config/fish",
  ".config/git",
  ".config/autostart",
  ".config/systemd",
  ".config/environment.d",
]);

/** Ordinary files that build tools obey: written, but a person is asked. */
const FLAGGED: ReadonlySet<string> = new Set([
  "package.json",
  "makefile",
  "gnumakefile",
  "justfile",
  "conftest.py",
  ".gitattributes",
  ".pre-commit-config.yaml",
]);

const ENV_SAMPLE = /^\.env\.(example|sample|template|dist)$/;

/** Default-ignorable: soft hyphen, zero-width and direction marks, variation selectors. File systems may drop them. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
const PLAIN = /^[\x20-\x7e]*$/;

/** What two spellings of one name have in common. */
export function foldName(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  return text.normalize("NFKC").replace(INVISIBLE, "").toUpperCase().toLowerCase().normalize("NFC");
}

/** Why `parts` (names from the root down) may not be touched in this mode; null when they may. */
export function whyProtected(parts: readonly string[], mode: PathMode): string | null {
  let before = "";
  for (const part of parts) {
    const name = foldName(part);
    const pair = `${before}/${name}`;
    if (SECRETS.has(name) || SECRET_PAIRS.has(pair) || isSecretForm(name))
      return `${quoteName(part)} holds secrets; no tool may read or write it`;
    if (mode === "rw" && (CONTROLS.has(name) || CONTROL_PAIRS.has(pair)))
      return `${quoteName(part)} steers other programs; tools may read it but not write it, so ask the user to change it`;
    before = name;
  }
  return null;
}

function isSecretForm(name: string): boolean {
  if (name.endsWith(".env") || name.endsWith(".kdbx")) return true;
  if (name.startsWith(".env.")) return !ENV_SAMPLE.test(name);
  return name.startsWith("goclaw.db");
}

/** Why a person should be asked before this file is written; null when nobody need be. */
export function whyFlagged(name: string): string | null {
  return FLAGGED.has(foldName(name)) ? `${quoteName(name)} names commands that others run` : null;
}
