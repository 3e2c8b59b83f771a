// What a tool is: a name and schema for the model, an effect class for the journal, and one function. Its capability
// is `tools.<name>` unless it says another; tools/perform.ts is the only caller of `run`.

import type { Grant, Label, Touch } from "../domain/act.ts";
import type { ToolSpec } from "../domain/message.ts";
import type { SearchSettings } from "../domain/search.ts";
import type { EffectClass } from "../journal/effects.ts";
import type { Egress } from "../policy/egress-request.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { ChildTasks } from "./child-tasks.ts";
import type { ReadPage } from "./page.ts";

export interface Tool extends ToolSpec {
  readonly effectClass: EffectClass;
  /** Where the class depends on what is asked for; `effectClass` is then the strictest of them. */
  readonly effectClassOf?: (args: Args) => EffectClass;
  /** What the policy must allow for a call; left out, `tools.<name>`. */
  readonly capability?: string;
  /** True when `params` is somebody else's: any dialect, and its patterns are not run here. */
  readonly isForeign?: true;
  /** What the policy and the audit call the thing acted on; null when there is none. */
  readonly resource: (args: Args, agentId: string) => string | null;
  /** Everything the call would touch, for the policy. Pure; none when left out. */
  readonly touches?: (args: Args) => readonly Touch[];
  /** What its result brings into the task. */
  readonly yields?: readonly Label[];
  /** True when nothing is left of what the file was that it writes. */
  readonly writesWhole?: true;
  /** True when the act carries data to somebody outside: asked for once a task holds untrusted and private data. */
  readonly isOutgoing?: boolean;
  /**
   * The exact act as an approval shows and binds it, taken again right before the act: resolved executable, file
   * hashes, working directory. Left out, it is the tool's name and arguments.
   */
  readonly exactAct?: (args: Args, context: ToolContext) => Promise<Readonly<Record<string, unknown>>>;
  /** A question for a person, whose answer the tool gets; asked also where the policy allows the tool. */
  readonly asks?: (args: Args) => Readonly<Record<string, unknown>>;
  readonly run: (args: Args, context: ToolContext) => Promise<ToolOutcome>;
  /**
   * What has become of this act since an earlier attempt made it; undefined when none did. For acts that wait: what was
   * allowed and done is looked up, and neither asked for nor done again.
   */
  readonly resume?: (args: Args, context: ToolContext) => Promise<ToolOutcome | undefined>;
}

/** Arguments that passed the tool's schema. */
export type Args = Readonly<Record<string, unknown>>;

/** The narrow ports of a tool. `effectKey` is the idempotency key of this act, the same at every repetition. */
export interface ToolContext {
  readonly effectKey: string;
  readonly taskId: string;
  readonly agentId: string;
  /** What the policy in force opens. */
  readonly grant: Grant;
  /** What a person answered, for a tool that asks. */
  readonly answer: string | null;
  readonly workspace: string;
  readonly webhookUrl: string | undefined;
  /** The only way out to the network. */
  readonly egress: Egress;
  readonly search: SearchSettings;
  /** Makes text of HTML on a thread that is ended when it takes too long. */
  readonly readPage: ReadPage;
  /** The tasks that tasks make. */
  readonly childTasks: ChildTasks;
  /** What a task holds by now. */
  readonly labelsOf: (taskId: string) => readonly Label[];
  /** Where commands run. */
  readonly sandbox: Sandbox;
  /** For a tool that cuts its result itself: what is left of a secret after a cut, nobody finds any more. */
  readonly redact: (text: string) => string;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** How much of a result the model is shown. A tool that can page stays below it and says how to get the rest. */
export const RESULT_CHARS = 32_000;

/**
 * `unknown`: the act may or may not have happened; only a `once` tool may say so. `wait`: it was made, and its outcome
 * is there when the child has ended; only a tool that can `resume` may say so. `labels` are beside what the tool yields.
 */
export type ToolOutcome =
  | { readonly type: "done"; readonly text: string; readonly labels?: readonly Label[] }
  | { readonly type: "failed"; readonly text: string; readonly labels?: readonly Label[] }
  | {
      readonly type: "wait";
      readonly childId: string;
      readonly deadlineAt: number;
      readonly text: string;
    }
  | { readonly type: "unknown"; readonly text: string };
