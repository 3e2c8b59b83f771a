// `send_alert`: one POST to the operator's webhook. Once: it is never repeated blindly; when nobody can tell whether
// it arrived, the task stops and asks.

import { postJson } from "../policy/egress.ts";
import type { Tool } from "./tool.ts";

const TIMEOUT_MS = 10_000;

export const sendAlert: Tool = {
  name: "send_alert",
  description:
    "Alerts the operator. Use it rarely, for what a person must know now; it cannot be taken back.",
  params: {
    type: "object",
    properties: {
      severity: { type: "string", enum: ["info", "warning", "critical"] },
      title: { type: "string", minLength: 1, maxLength: 200 },
      body: { type: "string", maxLength: 10_000 },
    },
    required: ["severity", "title", "body"],
    additionalProperties: false,
  },
  effectClass: "once",
  resource: () => "webhook",
  run: async (args, { webhookUrl, effectKey, signal }) => {
    if (webhookUrl === undefined) {
      return {
        type: "failed",
        text: "no webhook is configured; the operator must set tools.send_alert.webhook_url",
      };
    }
    const { severity, title, body } = args;
    const headers = { "idempotency-key": effectKey };
    const result = await postJson(
      { url: webhookUrl, body: { severity, title, body }, headers, timeoutMs: TIMEOUT_MS },
      signal,
    );
    switch (result.type) {
      case "unsent":
        return { type: "failed", text: `the alert was not sent: ${result.message}` };
      case "unknown":
        return { type: "unknown", text: `the webhook did not answer: ${result.message}` };
      case "answered": {
        const accepted = result.status >= 200 && result.status < 300;
        return accepted
          ? { type: "done", text: "the alert was delivered" }
          : { type: "failed", text: `the webhook answered ${result.status}: ${result.text}` };
      }
    }
  },
};
