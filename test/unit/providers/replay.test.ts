// Cassettes: what the file must look like, which entry is played, and what a miss says.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Cassette } from "../../../src/domain/cassette.ts";
import { GoclawError } from "../../../src/domain/error.ts";
import type { Message } from "../../../src/domain/message.ts";
import { listAssets, readAsset } from "../../../src/native.ts";
import { createCassettes } from "../../../src/providers/cassettes.ts";
import type { Part } from "../../../src/providers/provider.ts";
import { createReplay, parseCassette } from "../../../src/providers/replay.ts";

const file = (entries: unknown): string => JSON.stringify({ cassette: 1, entries });

function complaint(text: string): string {
  try {
    parseCassette(text, "demo.json");
  } catch (error) {
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    return (error as Error).message;
  }
  throw new Error("nothing was refused");
}

async function play(
  cassette: Cassette | (() => Cassette | undefined),
  messages: readonly Message[],
): Promise<Part[]> {
  const load = typeof cassette === "function" ? cassette : () => cassette;
  const parts: Part[] = [];
  const request = { model: "demo", messages, tools: [], sampling: {} };
  for await (const part of createReplay("replay", load).stream(request, new AbortController().signal))
    parts.push(part);
  return parts;
}

const user = (text: string): Message => ({ role: "user", text });
const answer = (text: string): Message => ({ role: "assistant", text, toolCalls: [] });
const said = (parts: readonly Part[]): string =>
  parts.map((part) => (part.type === "text.delta" ? part.text : "")).join("");
const missed = (parts: readonly Part[]): string => {
  expect(parts).toHaveLength(1);
  expect(parts[0]).toMatchObject({ type: "error", errorClass: "cassette_miss" });
  return (parts[0] as { message: string }).message;
};

describe("the file", () => {
  test.each([
    ["{", "not JSON"],
    ["null", '"cassette": 1'],
    ["[]", '"cassette": 1'],
    [JSON.stringify({ cassette: 2, entries: [] }), '"cassette": 1'],
    [JSON.stringify({ cassette: 1 }), '"entries" must be a list'],
    [file({}), '"entries" must be a list'],
    [file([null]), "entry 0"],
    [file([{ turn: 0 }, "x"]), "entry 1"],
    [file([{ turn: 0, prmopt: "x" }]), "prmopt"],
    [file([{ turn: -1 }]), "turn"],
    [file([{ turn: 0.5 }]), "turn"],
    [file([{ text: "x" }]), "turn"],
    [file([{ turn: 0, text: 5 }]), "entry 0"],
    [file([{ turn: 0, prompt: ["x"] }]), "entry 0"],
    [file([{ turn: 0, tool_calls: "now" }]), "entry 0"],
    [file([{ turn: 0, tool_calls: [{ arguments: {} }] }]), "entry 0"],
    [file([{ turn: 0, usage: 7 }]), "entry 0"],
  ])("%s is refused with its place", (text, what) => {
    const message = complaint(text);
    expect(message).toContain("demo.json");
    expect(message).toContain(what);
  });

  test("whatever a file says, playing it ends with exactly one end or error", async () => {
    const entry = fc.record(
      {
        turn: fc.constantFrom(0, 1, "0"),
        prompt: fc.constantFrom("x", 5, null),
        text: fc.oneof(fc.string(), fc.constantFrom(5, null, {}, [])),
        tool_calls: fc.constantFrom(null, [], [null], [{}], [{ name: "now", arguments: {} }], "now", 5),
        usage: fc.constantFrom(null, {}, 5, { input_tokens: "1" }),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 3 }), async (entries) => {
        let cassette: Cassette;
        try {
          cassette = parseCassette(file(entries), "demo.json");
        } catch (error) {
          expect(error).toBeInstanceOf(GoclawError);
          return;
        }
        const parts = await play(cassette, [user("x")]);
        expect(parts.filter(({ type }) => type === "end" || type === "error")).toHaveLength(1);
      }),
      { numRuns: 300 },
    );
  });

  test("every bundled cassette is valid", () => {
    const names = listAssets("cassettes/");
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(() => parseCassette(readAsset(name) ?? "", name)).not.toThrow();
  });
});

describe("playing", () => {
  const cassette = parseCassette(
    file([
      { prompt: "time?", turn: 0, text: "let me see", tool_calls: [{ name: "now", arguments: {} }] },
      { prompt: "time?", turn: 1, text: "noon" },
      { turn: 0, text: "anything" },
    ]),
    "demo.json",
  );

  test("an entry is found by the last prompt and the answers after it", async () => {
    expect(said(await play(cassette, [user("time?")]))).toBe("let me see");
    const tool: Message = { role: "tool", callId: "c", name: "now", text: "12:00" };
    expect(said(await play(cassette, [user("time?"), answer("let me see"), tool]))).toBe("noon");
    expect(said(await play(cassette, [user("time?"), answer("noon"), user("and now?")]))).toBe("anything");
    expect(said(await play(cassette, [{ role: "system", text: "s" }, user("time?")]))).toBe("let me see");
  });

  test("being asked again for an answer that did not fit is a turn of the same prompt", async () => {
    const three = parseCassette(
      file(["a", "b", "c", "d"].map((text, turn) => ({ prompt: "data", turn, text }))),
      "d",
    );
    const again: Message = { role: "user", text: "your answer does not fit", isReask: true };
    const turns: Message[] = [user("data")];
    const tool: Message = { role: "tool", callId: "c", name: "now", text: "12:00" };
    for (const [expected, ...next] of [
      ["a", answer("a"), again],
      ["b", again], // an empty answer
      ["c", answer("c"), tool],
      ["d", answer("d"), again],
    ] as const) {
      expect(said(await play(three, turns))).toBe(expected);
      turns.push(...next);
    }
    expect(missed(await play(three, turns))).toContain('turn 4 of prompt "data"');
  });

  test("a miss says where two long prompts differ", async () => {
    const long = "x".repeat(500);
    const cassette = parseCassette(file([{ prompt: `${long} apples, please`, turn: 0 }]), "d");
    const message = missed(await play(cassette, [user(`${long} oranges, please`)]));
    expect(message).toContain("from character 501 on");
    expect(message).toContain('oranges, please"');
    expect(message).toContain('apples, please"');
  });

  test("a miss names what was asked for and the nearest entry", async () => {
    const message = missed(await play(cassette, [user("time?"), answer("a"), answer("b")]));
    expect(message).toContain('turn 2 of prompt "time?"');
    expect(message).toContain('turn 1 of prompt "time?"');
    const strict = parseCassette(
      file([
        { prompt: "what time is it", turn: 0 },
        { prompt: "zebra", turn: 0 },
      ]),
      "d",
    );
    expect(missed(await play(strict, [user("what time is it?")]))).toContain('"what time is it"');
    expect(missed(await play(strict, [user("zebras")]))).toContain('"zebra"');
  });

  test("an empty cassette and one that is not there say so", async () => {
    expect(missed(await play(parseCassette(file([]), "d"), [user("x")]))).toContain("is empty");
    expect(missed(await play(() => undefined, [user("x")]))).toContain('"demo"');
  });

  test("a broken cassette is one error that names its file and says what to do, and no miss", async () => {
    const parts = await play(() => parseCassette("{", "/home/cassettes/demo.json"), [user("x")]);
    expect(parts).toMatchObject([{ type: "error", errorClass: "cassette_broken" }]);
    expect(parts[0]).toMatchObject({
      message: expect.stringMatching(/cassettes\/demo\.json: not JSON: .*; mend the file, or record it anew/),
    });
  });
});

describe("finding", () => {
  function openDirectory() {
    const directory = mkdtempSync(join(tmpdir(), "goclaw-cassettes-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    mkdirSync(join(directory, "inner"));
    writeFileSync(join(directory, "own.json"), file([{ turn: 0, text: "from the home" }]));
    writeFileSync(join(directory, "inner", "deep.json"), file([]));
    writeFileSync(join(directory, "..", "outside.json"), file([]));
    onTestFinished(() => rmSync(join(directory, "..", "outside.json"), { force: true }));
    return directory;
  }

  test("the home comes before the bundle, and a file is read once", () => {
    const asked: string[] = [];
    const load = createCassettes(openDirectory(), (name) => {
      asked.push(name);
      return name === "cassettes/bundled.json" ? file([{ turn: 0, text: "bundled" }]) : undefined;
    });
    expect(load("own")?.entries[0]?.text).toBe("from the home");
    expect(load("bundled")?.entries[0]?.text).toBe("bundled");
    expect(load("bundled")).toBe(load("bundled"));
    expect(load("nowhere")).toBeUndefined();
    expect(asked).toEqual(["cassettes/bundled.json", "cassettes/nowhere.json"]);
  });

  test.each(["../outside", "inner/deep", "/etc/passwd", "", ".", "..", "own.json", "own\0", "a".repeat(65)])(
    "%j is no name of a cassette",
    (name) => {
      const load = createCassettes(openDirectory(), () => file([]));
      expect(load(name)).toBeUndefined();
    },
  );
});
