// What becomes of the messages of a client's own request: roles, names, and images among text.

import { type Case, nobody } from "./passage-case.ts";

const PIXEL = "iVBORw0KGgo=";
const user = (...content: readonly object[]) => ({ messages: [{ role: "user", content }] });

export const MESSAGES: readonly Case[] = [
  {
    given: user(
      { type: "text", text: "before" },
      { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } },
      { type: "text", text: "after" },
    ),
    wire: {
      openai: { messages: [{ content: [{ text: "before" }, { type: "image_url" }, { text: "after" }] }] },
      responses: { input: [{ content: [{ text: "before" }, { type: "input_image" }, { text: "after" }] }] },
      anthropic: {
        messages: [{ content: [{ text: "before" }, { source: { data: PIXEL } }, { text: "after" }] }],
      },
      google: {
        contents: [{ parts: [{ text: "before" }, { inlineData: { data: PIXEL } }, { text: "after" }] }],
      },
      ollama: { messages: [{ content: "beforeafter", images: [PIXEL] }] },
    },
  },
  {
    given: user({ type: "image_url", image_url: { url: "https://example.com/cat.png" } }),
    param: "messages.0.content.0.image_url.url",
    wire: {
      openai: { messages: [{ content: [{ image_url: { url: "https://example.com/cat.png" } }] }] },
      responses: { input: [{ content: [{ image_url: "https://example.com/cat.png" }] }] },
      anthropic: {
        messages: [{ content: [{ source: { type: "url", url: "https://example.com/cat.png" } }] }],
      },
    },
  },
  {
    given: user({ type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}`, detail: "low" } }),
    param: "messages.0.content.0.image_url.detail",
    wire: {
      openai: { messages: [{ content: [{ image_url: { detail: "low" } }] }] },
      responses: { input: [{ content: [{ detail: "low" }] }] },
    },
  },
  {
    given: { messages: [{ role: "user", content: "hi", name: "ann" }] },
    param: "messages.0.name",
    wire: { openai: { messages: [{ content: "hi", name: "ann" }] } },
  },
  {
    given: {
      messages: [
        { role: "developer", content: "be brief" },
        { role: "user", content: "hi" },
      ],
    },
    wire: {
      openai: { messages: [{ role: "system", content: "be brief" }, { role: "user" }] },
      responses: { input: [{ role: "system", content: "be brief" }, { role: "user" }] },
      anthropic: { system: [{ text: "be brief" }] },
      google: { systemInstruction: { parts: [{ text: "be brief" }] } },
      ollama: { messages: [{ role: "system", content: "be brief" }, { role: "user" }] },
    },
  },
  nobody(
    user({ type: "input_audio", input_audio: { data: "aa", format: "wav" } }),
    "messages.0.content.0.type",
  ),
  nobody(user({ type: "file", file: { file_id: "f" } }), "messages.0.content.0.type"),
  nobody({ messages: [{ role: "function", name: "f", content: "x" }] }, "messages.0.role"),
];
