// `send_alert`: one POST to the operator's webhook. Once: it is never repeated blindly; when nobody can tell whether
// it arrived, the task stops and asks.

import { Buffer } from "node:buffer";
import type { Tool } from "./tool.ts";

const TIMEOUT_MS = 10_000;
const ANSWER_BYTES = 2_000;

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
  isOutgoing: true,
  run: async (args, { webhookUrl, egress, effectKey, signal }) => {
    if (webhookUrl === undefined) {
      return {
        type: "failed",
        text: "no webhook is configured; the operator must set tools.send_alert.webhook_url",
      };
    }
    const { severity, title, body } = args;
    const request = {
      url: webhookUrl,
      method: "POST",
      headers: { "idempotency-key": effectKey, "content-type": "application/json" },
      body: JSON.stringify({ severity, title, body }),
      reach: "operator",
      limits: { totalMs: TIMEOUT_MS, bodyBytes: ANSWER_BYTES },
    } as const;
    const result = await egress.fetch(request, signal);
    switch (result.type) {
      case "refused":
      case "unsent":
        return { type: "failed", text: `the alert was not sent: ${result.why}` };
      case "unknown":
        return { type: "unknown", text: `the webhook did not answer: ${result.why}` };
      case "answered": {
        // The status line is the answer, however much of the rest came.
        const accepted = result.status >= 200 && result.status < 300;
        const said = Buffer.from(result.body).toString("utf8");
        return accepted
          ? { type: "done", text: "the alert was delivered" }
          : { type: "failed", text: `the webhook answered ${result.status}: ${said}` };
      }
    }
  },
};
