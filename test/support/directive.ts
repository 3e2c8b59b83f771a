// The little language in which a prompt tells the stub model how to answer it, so that one stub serves thousands of
// tasks and every answer is a function of the request alone. A prompt reads `task KEY word=value …`.
//
//   tools=send_alert,now;write_note   tool calls of the first answer, then of the second; the last answer is text
//   words=40                          that many words before the closing `done KEY`
//   delay=20[@TURN]                   milliseconds before the answer starts
//   gate=NAME[@TURN]                  the answer waits until the rig opens NAME
//   midgate=NAME[@TURN]               the answer stops half way until the rig opens NAME
//   fault=KIND[@TURN][:COUNT]         429 | 500 | 400 | 401 | reset | hang | html | badjson | billed | refused, for the first COUNT calls
//                                     (billed: breaks off after it said what it costs; refused: costs, and says no)
//   retryafter=SECONDS                sent with a 429

export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_calls?: readonly { id: string; function: { name: string; arguments: string } }[];
  readonly tool_call_id?: string;
}

export interface ChatBody {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

export const FAULTS = [
  "429",
  "500",
  "400",
  "401",
  "reset",
  "hang",
  "html",
  "badjson",
  "cut",
  "billed",
  "refused",
] as const;
export type Fault = (typeof FAULTS)[number];

export interface StubToolCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>> | string;
}

/** What the stub does with one request. */
export interface Reply {
  readonly text?: string;
  readonly toolCalls?: readonly StubToolCall[];
  readonly delayMs?: number;
  readonly gate?: string;
  readonly midGate?: string;
  readonly fault?: Fault;
  readonly retryAfterSeconds?: number;
}

/** Which request this is: `turn` counts the answers since the last user message, `nth` the calls for this turn. */
export interface Place {
  readonly key: string;
  readonly turn: number;
  readonly nth: number;
}

/** The text of the last user message. */
export function promptOf(body: ChatBody): string {
  const last = body.messages.findLast((message) => message.role === "user")?.content;
  if (typeof last === "string") return last;
  if (!Array.isArray(last)) return "";
  return last.map((part: { text?: string }) => part.text ?? "").join("");
}

/** How many answers the request holds after its last user message. */
export function turnOf(body: ChatBody): number {
  const from = body.messages.findLastIndex((message) => message.role === "user");
  return body.messages.slice(from + 1).filter((message) => message.role === "assistant").length;
}

/** The key a prompt names (`task 17 …` has the key `task-17`); any other prompt is its own key. */
export function keyOf(prompt: string): string {
  const named = /^task (\S+)/.exec(prompt);
  return named ? `task-${named[1]}` : prompt.slice(0, 200);
}

/** The default script: does what the prompt's directives say, and answers `done KEY` to a plain prompt. */
export function replyByDirective(body: ChatBody, place: Place): Reply {
  const words = new Map<string, string>();
  for (const word of promptOf(body).split(/\s+/)) {
    const cut = word.indexOf("=");
    if (cut > 0) words.set(word.slice(0, cut), word.slice(cut + 1));
  }
  const at = (name: string): string | undefined => valueAt(words.get(name), place.turn);
  const fault = faultAt(words.get("fault"), place);
  const retryAfter = words.get("retryafter");
  const delay = at("delay");
  const gate = at("gate");
  const midGate = at("midgate");
  return {
    ...answerOf(words, place),
    ...(delay === undefined ? {} : { delayMs: Number(delay) }),
    ...(gate === undefined ? {} : { gate }),
    ...(midGate === undefined ? {} : { midGate }),
    ...(fault === undefined ? {} : { fault }),
    ...(retryAfter === undefined ? {} : { retryAfterSeconds: Number(retryAfter) }),
  };
}

function valueAt(value: string | undefined, turn: number): string | undefined {
  if (value === undefined) return undefined;
  const [what, at] = value.split("@");
  return at === undefined || Number(at) === turn ? what : undefined;
}

function faultAt(value: string | undefined, place: Place): Fault | undefined {
  const [where, count] = (value ?? "").split(":");
  const kind = valueAt(where || undefined, place.turn);
  if (kind === undefined || (count !== undefined && place.nth >= Number(count))) return undefined;
  const known = FAULTS.find((fault) => fault === kind);
  if (!known) throw new Error(`the prompt asks for an unknown fault ${kind}`);
  return known;
}

function answerOf(words: ReadonlyMap<string, string>, place: Place): Reply {
  const rounds = (words.get("tools") ?? "").split(";").filter(Boolean);
  const names = rounds[place.turn]?.split(",");
  if (names) {
    const before = rounds.slice(0, place.turn).flatMap((round) => round.split(","));
    return {
      toolCalls: names.map((name, index) => callOf(name, place.key, [...before, ...names.slice(0, index)])),
    };
  }
  const count = Number(words.get("words") ?? 0);
  const filler = Array.from({ length: count }, (_, index) => `w${index} `).join("");
  return { text: `${filler}done ${place.key.replace(/^task-/, "")}` };
}

/** Arguments are the same at every repetition; the second alert of one task gets a key of its own. */
function callOf(name: string, key: string, before: readonly string[]): StubToolCall {
  const nth = before.filter((earlier) => earlier === name).length;
  const own = nth === 0 ? key : `${key}.${nth}`;
  if (name === "send_alert") return { name, args: { severity: "info", title: own, body: `about ${own}` } };
  if (name === "write_note") return { name, args: { name: own, text: `noted ${own}` } };
  const fileArgs = FILE_CALLS[name]?.(key, own);
  return { name, args: fileArgs ?? {} };
}

/** The file tools work on one file of the task, `KEY.txt`. */
const FILE_CALLS: Readonly<Record<string, (key: string, own: string) => StubToolCall["args"]>> = {
  write_file: (key, own) => ({ path: `${key}.txt`, content: `first line\nwritten by ${own}\n` }),
  read_file: (key) => ({ path: `${key}.txt` }),
  edit_file: (key, own) => ({ path: `${key}.txt`, old_text: "first line", new_text: `edited by ${own}` }),
  search_files: (key) => ({ pattern: `(written|edited) by ${key}` }),
  apply_patch: (key, own) => ({
    patch: `*** Begin Patch\n*** Add File: ${own}.md\n+patched\n*** Update File: ${key}.txt\n-written by ${key}\n+patched by ${own}\n*** End Patch`,
  }),
};
