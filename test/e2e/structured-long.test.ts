// Answers that do not fit are shown to the model again when it is told what is wrong: long ones must not fill the window,
// so that the last try is refused as too long.

import { afterEach, expect, test } from "vitest";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";

const WINDOW = 3_000;
const PROSE = "I would rather not answer with data. ".repeat(150);

let rig: Rig;
afterEach(() => rig.close());

test("what did not fit is cut, oldest first, before the window is full", async () => {
  rig = await createRig({
    config: {
      agents: [
        {
          ...{ agent_id: "a", tools: [], soul: "s", context_limit: WINDOW },
          structured_output: { schema: { type: "object", required: ["city"] }, max_retries: 5 },
        },
      ],
    },
  });
  rig.stub.use(() => ({ text: rig.stub.calls.length < 5 ? PROSE : '{"city":"Ulm"}' }));
  const { client } = await rig.start();
  const task = await ended(client, await submit(client, "where?", { agent: "a" }));
  expect(task).toMatchObject({ state: "SUCCEEDED", result: { structured: { city: "Ulm" } } });
  const sizes = rig.stub.calls.map(({ body }) => Buffer.byteLength(JSON.stringify(body.messages)) / 3);
  expect(sizes).toHaveLength(5);
  expect(Math.max(...sizes)).toBeLessThan(WINDOW);
  const last = rig.stub.calls.at(-1)!.body.messages.filter(({ role }) => role === "assistant");
  expect(last.map(({ content }) => String(content).includes("[cut:"))).toEqual([true, true, true, true]);
  expect(String(last[0]?.content).length).toBeLessThanOrEqual(String(last[3]?.content).length);
});
