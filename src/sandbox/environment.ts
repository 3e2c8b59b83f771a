// The environment of a command: five variables of ours, and what the call declares from a list of names. Nothing is
// inherited from the daemon, and what makes a program load or run other code is refused by name, whoever lists it.

import { GoclawError } from "../domain/error.ts";

/** Names a call may always declare. */
const DECLARABLE: ReadonlySet<string> = new Set([
  ...["CI", "COLUMNS", "FORCE_COLOR", "LANG", "LC_ALL", "LINES", "NODE_ENV", "NO_COLOR", "SOURCE_DATE_EPOCH"],
  ...["GIT_AUTHOR_DATE", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_NAME"],
  ...["GIT_COMMITTER_DATE", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_NAME"],
  ...["TERM", "TZ"],
]);

/** What no list can open: loaders, start-up files, option variables of runtimes, programs run for others, our own. */
const FORBIDDEN =
  /^(PATH|HOME|ENV|IFS|PS[0-9]|CDPATH|TMPDIR|SHELL|SHELLOPTS|BASH.*|ZDOTDIR|PROMPT_COMMAND|PAGER|EDITOR|VISUAL|BROWSER|LESSOPEN|LESSCLOSE|(LD|DYLD|GOCLAW|SSH|SUDO|PYTHON|PERL|PERL5|RUBY|GEM|LUA|NPM|XDG|MALLOC)_?.*|GIT_(?!AUTHOR_|COMMITTER_).*|NODE_(?!ENV$).*|.*_(OPTIONS|OPTS|COMMAND|PRELOAD|PROXY)|_JAVA_.*|CLASSPATH|GCONV_PATH|HOSTALIASES|LOCALDOMAIN|RES_OPTIONS|TERMINFO.*|MAKEFLAGS|CC|CXX|RUSTC.*|CARGO.*|DOCKER_.*|DBUS_.*|DISPLAY|WAYLAND_DISPLAY)$/i;

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

export interface EnvironmentInput {
  readonly home: string;
  readonly declared: Readonly<Record<string, string>>;
  /** Names that config.yaml adds to those that may be declared. */
  readonly extraNames: readonly string[];
}

/** Throws ENV_DENIED that names the variable. */
export function environmentOf({ home, declared, extraNames }: EnvironmentInput): Record<string, string> {
  const env: Record<string, string> = {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: home,
    LANG: "C.UTF-8",
    TERM: "dumb",
    TZ: "UTC",
  };
  for (const [name, value] of Object.entries(declared)) {
    const isOpen = NAME.test(name) && (DECLARABLE.has(name) || extraNames.includes(name));
    if (!isOpen || FORBIDDEN.test(name)) {
      const open = [...DECLARABLE, ...extraNames].join(", ");
      throw new GoclawError(
        "ENV_DENIED",
        `the variable ${JSON.stringify(name)} may not be set for a command; these may: ${open}`,
      );
    }
    env[name] = value;
  }
  return env;
}
