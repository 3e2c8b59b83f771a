// Scripted search engines on loopback that speak the formats of the real ones, and count who asked them what.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { closeServer, listen, readBody } from "./stub-model.ts";

export interface SearchServer {
  readonly url: string;
  readonly asked: readonly { readonly path: string; readonly key: string; readonly body: string }[];
  /** What it answers from now on. */
  say(status: number, body: string, type?: string): void;
  close(): Promise<void>;
}

export async function startSearchServer(
  status: number,
  body: string,
  type = "application/json",
): Promise<SearchServer> {
  const asked: { path: string; key: string; body: string }[] = [];
  let says = { status, body, type };
  const server: Server = createServer(async (request, response) => {
    const key = String(request.headers["x-subscription-token"] ?? request.headers.authorization ?? "");
    asked.push({ path: request.url ?? "", key, body: await readBody(request) });
    response.writeHead(says.status, { "content-type": says.type });
    response.end(says.body);
  });
  await listen(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    say: (newStatus, newBody, newType = type) => {
      says = { status: newStatus, body: newBody, type: newType };
    },
    close: () => closeServer(server),
  };
}

export function braveBody(count: number): string {
  const results = Array.from({ length: count }, (_, index) => ({
    title: `Brave <strong>duck</strong> ${index}`,
    url: `https://brave.example/${index}`,
    description: `About &quot;ducks&quot; &amp; more ${index}`,
  }));
  return JSON.stringify({ type: "search", web: { type: "search", results } });
}

export function perplexityBody(sources: number): string {
  const urls = Array.from({ length: sources }, (_, index) => `https://perplexity.example/${index}`);
  return JSON.stringify({
    id: "x",
    model: "sonar",
    choices: [
      { index: 0, finish_reason: "stop", message: { role: "assistant", content: "Ducks quack.[1]" } },
    ],
    citations: urls,
    search_results: urls.map((url, index) => ({ title: `Source ${index}`, url, date: "2026-01-01" })),
  });
}

export function duckduckgoPage(count: number): string {
  const entry = (index: number): string => `
    <div class="result results_links results_links_deep web-result"><div class="links_main links_deep result__body">
    <h2 class="result__title"><a rel="nofollow" class="result__a"
      href="//duckduckgo.com/l/?uddg=${encodeURIComponent(`https://ddg.example/${index}?a=1&b=2`)}&amp;rut=f00">A <b>duck</b> ${index}</a></h2>
    <a class="result__snippet" href="//duckduckgo.com/l/?uddg=x">It <b>quacks</b> &amp; swims ${index}</a></div></div>`;
  const advertisement = `<div class="result results_links result--ad"><a class="result__a" href="https://ad.example/">Buy</a></div>`;
  const entries = Array.from({ length: count }, (_, index) => entry(index)).join("");
  return `<!DOCTYPE html><html><head><title>duck at DuckDuckGo</title></head><body><div id="links" class="results">${advertisement}${entries}</div></body></html>`;
}
