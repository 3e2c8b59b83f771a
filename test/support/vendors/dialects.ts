// The vendors the contract suite runs over: one line each.

import { anthropic } from "./anthropic.ts";
import { google } from "./google.ts";
import { ollama } from "./ollama.ts";
import { openai } from "./openai.ts";

export const DIALECTS = [openai, anthropic, google, ollama] as const;
