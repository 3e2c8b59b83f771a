// The chain of providers, when a link's model lacks what is asked: it is passed over, and never blamed.

import { expect, test } from "vitest";
import { broken, END, REQUEST, rig, scripted, text } from "./scripted.ts";

const NO_TOOLS = { param: "tools", message: "it cannot use tools" };
const unable = (script: ReturnType<typeof scripted>): ReturnType<typeof scripted> => ({
  ...script,
  provider: {
    ...script.provider,
    lackOf: ({ model, tools }) => {
      return tools.length > 0 ? { ...NO_TOOLS, message: `${model}: ${NO_TOOLS.message}` } : undefined;
    },
  },
});
const TOOLS = [{ name: "now", description: "", params: {} }];

test("a link whose model lacks what is asked is passed over without a seam, and asked for the rest", async () => {
  const [first, second] = [unable(scripted("a", [text("a"), END])), scripted("b", [text("b"), END])];
  const { chain, run } = rig(first, second);
  expect(await run(undefined, { tools: TOOLS })).toEqual([text("b"), { ...END, provider: "b" }]);
  expect([first.requests.length, second.requests.length]).toEqual([0, 1]);
  expect(chain.linksFor?.({ ...REQUEST, tools: TOOLS })).toEqual([{ provider: "b", model: "two" }]);
  expect(await run()).toEqual([text("a"), { ...END, provider: "a" }]);
});

test("when every link lacks something the failure says what each one lacks", async () => {
  const { chain, run } = rig(unable(scripted("a")), unable(scripted("b")));
  const [only, ...more] = await run(undefined, { tools: TOOLS });
  expect([only, more]).toMatchObject([{ type: "error", errorClass: "unsupported" }, []]);
  expect((only as { message: string }).message).toMatch(/asked: asked: it cannot use tools; two: it cannot/);
  expect(chain.lackOf?.({ ...REQUEST, tools: TOOLS })?.param).toBe("tools");
});

test("a link may decline while another one that can be used is left", async () => {
  const [first, second] = [scripted("a", [broken("unsupported")]), scripted("b", [text("b"), END])];
  await rig(first, second).run();
  expect([...first.requests, ...second.requests].map(({ mayDecline }) => mayDecline)).toEqual([true, false]);
  const alone = scripted("a", [END]);
  await rig(alone, { ...second, provider: { ...second.provider, isMissing: true } }).run();
  expect(alone.requests[0]?.mayDecline).toBe(false);
});
