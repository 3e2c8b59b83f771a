// The names in a writable directory that a command may not touch: control files, which programs outside the sandbox
// obey when they start there.

/** Read, never written: neither what is there nor what is not there yet. */
export const CONTROL_NAMES: readonly string[] = [
  ...[".goclaw", ".mcp.json", ".vscode", ".idea", ".cursor", ".claude", ".husky", ".devcontainer"],
  ...["AGENTS.md", "CLAUDE.md", "SOUL.md", "SKILL.md"],
  ...[".ssh", ".envrc", ".gitconfig", ".gitmodules", ".inputrc", ".vimrc", ".exrc"],
  ...[".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile"],
  ...[".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout"],
];

/** What git obeys in its own directory; a command may write everything else there. */
export const GIT_CONTROL_NAMES: readonly string[] = ["hooks", "config"];

/** What git obeys too, but cannot bear to find empty: looked for afterwards instead. */
export const GIT_WATCHED_NAMES: readonly string[] = ["commondir", "config.worktree"];
