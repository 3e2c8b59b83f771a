// What is known of programs by their names: which run other programs or code that stands in their arguments, and which
// run nothing whatever their options say. A program that is not listed is taken to be able to run others by an option.

import { basename } from "node:path";

/** Their arguments name the program to run, wherever it stands among them. */
const WRAPPERS = setOf(
  "env sudo su doas nice ionice chrt nohup timeout stdbuf setsid setarch linux64 xargs parallel watch time script ssh scp " +
    "sshpass chroot unshare nsenter taskset flock prlimit runuser setpriv strace ltrace gdb busybox toybox expect " +
    "systemd-run screen tmux at batch crontab bwrap docker podman kubectl start-stop-daemon run-parts faketime",
);

/** Their arguments hold code, name files of code, or say what to build: what they do is not theirs to say. */
const INTERPRETERS = setOf(
  "sh bash dash zsh fish ksh csh tcsh rbash ash node deno bun npx npm pnpm yarn corepack python pypy pip pipx uv uvx perl " +
    "ruby gem bundle php lua luajit tclsh wish Rscript R guile racket java jshell javac mvn gradle groovy scala kotlin go " +
    "cargo rustc gcc cc g++ c++ clang ld as make gmake cmake ninja meson bazel just git hg svn awk gawk mawk nawk sed ed " +
    "vi vim view ex nvim emacs nano m4 bc dc gnuplot sqlite3 psql mysql jshell openssl tar cpio less more man find fd fdfind",
);

/** They run things by an option only; a standing rule for one of their calls is refused all the same. */
const BY_OPTION = setOf("rsync curl wget zip unzip sort rg split");

const HARMLESS = setOf(
  "ls cat head tail wc grep egrep fgrep echo printf pwd stat du df file cut tr uniq comm cmp diff basename dirname realpath " +
    "readlink md5sum sha1sum sha256sum sha512sum b2sum cksum seq true false test sleep mkdir rmdir touch cp mv rm ln tree nl " +
    "tac rev fold fmt paste join expand unexpand column jq base32 base64 od hexdump xxd strings id whoami uname which " +
    "hostname nproc numfmt shuf tsort factor",
);

function setOf(names: string): ReadonlySet<string> {
  return new Set(names.split(" "));
}

/** `/usr/bin/python3.13` and `python3` are python. */
function nameIn(set: ReadonlySet<string>, word: string): boolean {
  const name = basename(word);
  return set.has(name) || set.has(name.replace(/-?\d+(\.\d+)*$/, ""));
}

/** True when no rule for calls like one of its calls should be proposed. */
export function runsAnything(word: string): boolean {
  return [WRAPPERS, INTERPRETERS, BY_OPTION].some((set) => nameIn(set, word));
}

/**
 * Why the last `*` of an allowed command does not cover these words by itself; null when it does. `pattern` is the rule's
 * words without the `*`, which `argv` begins with.
 */
export function beyondStar(pattern: readonly string[], argv: readonly string[]): string | null {
  const [program] = pattern;
  if (program === undefined) return null; // `*` alone: every command, in so many words
  const further = argv.slice(pattern.length);
  if (further.length === 0) return null;
  if (nameIn(WRAPPERS, program)) return `${program} runs the program that its arguments name`;
  if (pattern.length === 1 && nameIn(INTERPRETERS, program))
    return `${program} can run whatever its arguments say`;
  const option = further.find((word) => word.startsWith("-") && word !== "-");
  if (option === undefined || HARMLESS.has(basename(program))) return null;
  return `${JSON.stringify(option)} is an option that the rule does not write out, and an option can make ${program} run something else`;
}
