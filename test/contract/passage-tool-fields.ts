// What becomes of the tools of a client's own request, of the choice among them, and of the form of the answer.

import { expect } from "vitest";
import { bothAs, type Case, nobody } from "./passage-case.ts";

export const TOOL = {
  type: "function",
  function: { name: "now", description: "the time", parameters: { type: "object", properties: {} } },
};
const OTHER = {
  type: "function",
  function: { name: "later", parameters: { type: "object", properties: {} } },
};
const SCHEMA = {
  type: "object",
  properties: { a: { type: "string" } },
  required: ["a"],
  additionalProperties: false,
};
/** A tool that must not be called is not offered where there is no other way to say so. */
const NO_TOOLS = expect.not.objectContaining({ tools: expect.anything() }) as object;

const googleMode = (mode: string, more = {}) => ({
  toolConfig: { functionCallingConfig: { mode, ...more } },
});

export const TOOLS: readonly Case[] = [
  {
    given: { tools: [TOOL] },
    wire: {
      openai: { tools: [TOOL] },
      responses: {
        tools: [{ type: "function", name: "now", parameters: TOOL.function.parameters, strict: false }],
      },
      anthropic: { tools: [{ name: "now", input_schema: TOOL.function.parameters }] },
      google: { tools: [{ functionDeclarations: [{ name: "now", description: "the time" }] }] },
      ollama: { tools: [TOOL] },
    },
  },
  {
    given: { tools: [{ type: "function", function: { ...OTHER.function, strict: true } }] },
    param: "tools.0.function.strict",
    wire: {
      openai: { tools: [{ function: { name: "later", strict: true } }] },
      responses: { tools: [{ name: "later", strict: true }] },
      anthropic: { tools: [{ name: "later", strict: true }] },
    },
  },
  nobody({ tools: [{ type: "custom", custom: { name: "free" } }] }, "tools.0.type"),
];

export const TOOL_CHOICE: readonly Case[] = [
  {
    given: { tools: [TOOL], tool_choice: "none" },
    wire: {
      ...bothAs({ tool_choice: "none" }),
      ...{ anthropic: { tool_choice: { type: "none" } }, google: googleMode("NONE"), ollama: NO_TOOLS },
    },
  },
  {
    given: { tools: [TOOL], tool_choice: "auto" },
    wire: {
      ...bothAs({ tool_choice: "auto" }),
      ...{
        anthropic: { tool_choice: { type: "auto" } },
        google: googleMode("AUTO"),
        ollama: { tools: [TOOL] },
      },
    },
  },
  {
    given: { tools: [TOOL], tool_choice: "required" },
    wire: {
      ...bothAs({ tool_choice: "required" }),
      ...{ anthropic: { tool_choice: { type: "any" } }, google: googleMode("ANY") },
    },
  },
  {
    given: { tools: [TOOL, OTHER], tool_choice: { type: "function", function: { name: "now" } } },
    wire: {
      openai: { tool_choice: { type: "function", function: { name: "now" } } },
      responses: { tool_choice: { type: "function", name: "now" } },
      anthropic: { tool_choice: { type: "tool", name: "now" } },
      google: googleMode("ANY", { allowedFunctionNames: ["now"] }),
    },
  },
  {
    given: {
      tools: [TOOL, OTHER],
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "now" } }] },
      },
    },
    wire: {
      openai: { tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto" } }, tools: [{}, {}] },
      responses: {
        tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ name: "now" }] },
        tools: [{}, {}],
      },
      anthropic: { tool_choice: { type: "auto" }, tools: [{ name: "now" }] },
      google: { ...googleMode("AUTO"), tools: [{ functionDeclarations: [{ name: "now" }] }] },
      ollama: { tools: [{ function: { name: "now" } }] },
    },
  },
  nobody({ tools: [TOOL], tool_choice: { type: "custom", custom: { name: "now" } } }, "tool_choice.type"),
];

export const RESPONSE_FORMAT: readonly Case[] = [
  {
    given: { response_format: { type: "json_object" } },
    wire: {
      openai: { response_format: { type: "json_object" } },
      responses: { text: { format: { type: "json_object" } } },
      google: { generationConfig: { responseMimeType: "application/json" } },
      ollama: { format: "json" },
    },
  },
  {
    given: {
      response_format: { type: "json_schema", json_schema: { name: "s", schema: SCHEMA, strict: true } },
    },
    wire: {
      openai: {
        response_format: { type: "json_schema", json_schema: { name: "s", schema: SCHEMA, strict: true } },
      },
      responses: { text: { format: { type: "json_schema", name: "s", schema: SCHEMA, strict: true } } },
      anthropic: { output_config: { format: { type: "json_schema", schema: { properties: { a: {} } } } } },
      google: { generationConfig: { responseMimeType: "application/json", responseJsonSchema: SCHEMA } },
      ollama: { format: SCHEMA },
    },
  },
];
