// The vendors' SDKs read variables of their own. Those that goclaw does not document change nothing: a header or a key
// that is meant for one vendor must not go to whoever stands at another provider's base_url.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { makeHome, removeHome } from "../support/home.ts";
import { DIALECTS } from "../support/vendors/dialects.ts";
import { startVendor, type VendorServer } from "../support/vendors/server.ts";

const FOREIGN = {
  ...{ OPENAI_CUSTOM_HEADERS: "x-leak: header", OPENAI_ORG_ID: "leak", OPENAI_PROJECT_ID: "leak" },
  ...{ OPENAI_ADMIN_KEY: "leak", OPENAI_LOG: "debug", AZURE_OPENAI_API_KEY: "leak" },
  ...{ ANTHROPIC_CUSTOM_HEADERS: "x-leak: header", ANTHROPIC_AUTH_TOKEN: "leak", ANTHROPIC_LOG: "debug" },
  ...{ ANTHROPIC_PROFILE: "leak", ANTHROPIC_IDENTITY_TOKEN: "leak" },
  ...{ GOOGLE_GENAI_USE_VERTEXAI: "true", GOOGLE_CLOUD_PROJECT: "leak", GOOGLE_CLOUD_LOCATION: "leak" },
  ...{ OLLAMA_HOST: "127.0.0.1:1", OLLAMA_API_KEY: "leak" },
};

let home: string;
let server: VendorServer;
afterEach(async () => {
  removeHome(home);
  await server.close();
});

test.each(DIALECTS)("what $type is sent does not depend on variables of its SDK", async (dialect) => {
  server = await startVendor(dialect.aside);
  server.use(async (out) => {
    out.head(dialect.contentType);
    await out.write(dialect.events({ text: ["ok"] }).join(""));
    out.end();
  });
  const type = { openai: "openai_compatible", responses: "openai_compatible" }[dialect.type as string];
  const api = dialect.type === "responses" ? { api: "responses" } : {};
  const lab = { type: type ?? dialect.type, ...api, base_url: server.origin, models: ["m"] };
  home = makeHome({}, { config: { providers: { lab } } });
  for (const env of [{}, FOREIGN]) {
    const { code, stdout, stderr } = await runCli(home, ["model", "test", "lab"], { env });
    expect([code, stderr, stdout.includes("answered")]).toEqual([0, "", true]);
  }
  const [plain, foreign] = server.requests;
  expect(foreign).toEqual(plain);
});
