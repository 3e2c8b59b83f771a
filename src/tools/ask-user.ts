// `ask_user`: puts a question to a person. The task waits without a lane until somebody answers, or until the question
// expires; the answer is the tool's result.

import type { Tool } from "./tool.ts";

export const askUser: Tool = {
  name: "ask_user",
  description:
    "Asks the user a question and returns the answer. Use it when you cannot go on without knowing, and say what you " +
    "need in one question. With options the user picks one of them. The task waits until the answer comes; it may " +
    "take hours, or not come.",
  params: {
    type: "object",
    properties: {
      question: {
        type: "string",
        minLength: 1,
        maxLength: 4_000,
        description: "The question, complete in itself.",
      },
      options: {
        type: "array",
        items: { type: "string", minLength: 1, maxLength: 500 },
        minItems: 2,
        maxItems: 10,
        description: "Answers to choose from. Leave it out for a free answer.",
      },
    },
    required: ["question"],
    additionalProperties: false,
  },
  effectClass: "pure",
  resource: () => null,
  asks: ({ question, options }) => ({ question, ...(options === undefined ? {} : { options }) }),
  run: async (_args, { answer }) => ({ type: "done", text: answer ?? "" }),
};
