// What the web tools bring with them leaves Node's own fetch alone, by which models are asked. In a file of its own: what
// is tested happens once, as the client is loaded.

import { expect, test } from "vitest";
import { createWeb, saying } from "../../support/web.ts";

test("a tool that goes to the web does not change through whom models are asked", async () => {
  const key = Symbol.for("undici.globalDispatcher.1");
  const proxyOfTheEnvironment = { dispatch: () => expect.fail("asked") };
  Object.defineProperty(globalThis, key, { value: proxyOfTheEnvironment, writable: true });
  // As in a process that has not yet asked anybody; the test runner has.
  const newer = Symbol.for("undici.globalDispatcher.2");
  Object.defineProperty(globalThis, newer, { value: undefined, writable: true });
  const web = await createWeb();
  await web.serve("public.example", saying(200, { "content-type": "text/plain" }, "hello"));
  expect(await web.fetch("http://public.example/")).toMatchObject({ type: "answered", status: 200 });
  expect((globalThis as { [key]?: unknown })[key]).toBe(proxyOfTheEnvironment);
  await web.close();
});
