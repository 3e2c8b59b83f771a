// The vendors the contract suite runs over: one line each.

import { anthropic } from "./anthropic.ts";
import { google } from "./google.ts";
import { ollama } from "./ollama.ts";
import { openai } from "./openai.ts";
import { responses } from "./responses.ts";

export const DIALECTS = [openai, responses, anthropic, google, ollama] as const;
