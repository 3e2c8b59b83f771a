// HTML to text, on the reader's own thread: the readable part of a page as Markdown, or the results of a search page.
// Runs no script of the page and fetches nothing it names.

import { Readability } from "@mozilla/readability";
import { parseHTML } from "linkedom";
import TurndownService from "turndown";
import type { Article, PageJob, PageRead, SearchResult } from "./page.ts";

/** Never text: Turndown would print the source of some of them. */
const SILENT = "script, style, noscript, template, iframe, object, embed, svg, canvas, link, meta";

const TITLE_CHARS = 300;

export function readPageText(job: PageJob): PageRead {
  try {
    return job.kind === "article"
      ? { type: "article", article: readArticle(job.html, job.url) }
      : { type: "results", results: readResults(job.html) };
  } catch (error) {
    return { type: "failed", why: error instanceof Error ? error.message : String(error) };
  }
}

function readArticle(html: string, url: string): Article {
  const document = documentOf(html);
  for (const element of document.querySelectorAll(SILENT)) element.remove();
  resolveLinks(document, url);
  const title = oneLine(document.title);
  const whole = document.body?.innerHTML ?? "";
  // It changes the document it reads, so what it leaves out is taken first.
  const found = new Readability(document, { maxElemsToParse: 50_000 }).parse();
  const turndown = new TurndownService({
    headingStyle: "atx",
    codeBlockStyle: "fenced",
    bulletListMarker: "-",
  });
  const markdown = turndown.turndown(dom(found?.content || whole)).trim();
  return { title: (oneLine(found?.title ?? "") || title).slice(0, TITLE_CHARS), markdown };
}

type PageDocument = ReturnType<typeof parseHTML>["document"];

/** The parser takes a page as it stands. One without a head and a body where they belong gets them. */
function documentOf(html: string): PageDocument {
  const { document } = parseHTML(html);
  const root = document.documentElement;
  const parts = [...(root?.children ?? [])].map(({ localName }) => localName);
  if (root?.localName === "html" && parts.join() === "head,body") return document;
  const title = root === null ? null : document.querySelector("title");
  const body = root === null ? null : document.querySelector("body");
  return parseHTML(inBody(body?.innerHTML ?? html, title?.outerHTML)).document;
}

function inBody(html: string, head = ""): string {
  return `<!doctype html><html><head>${head}</head><body>${html}</body></html>`;
}

/** Turndown would look for a browser to parse a string with. */
function dom(html: string): PageDocument["body"] {
  return parseHTML(inBody(html)).document.body;
}

function resolveLinks(document: PageDocument, url: string): void {
  for (const [selector, name] of [
    ["a[href]", "href"],
    ["img[src]", "src"],
  ] as const) {
    for (const element of document.querySelectorAll(selector)) {
      const text = element.getAttribute(name) ?? "";
      const absolute = URL.canParse(text, url) ? new URL(text, url).href : "";
      if (/^https?:/.test(absolute)) element.setAttribute(name, absolute);
      else element.removeAttribute(name);
    }
  }
}

/** The page of html.duckduckgo.com: results whose links lead through a redirector, which is taken off. */
function readResults(html: string): SearchResult[] {
  const document = documentOf(html);
  const entries = [...document.querySelectorAll(".result")].filter(
    (entry) => !entry.classList.contains("result--ad"),
  );
  return entries.flatMap((entry): SearchResult[] => {
    const link = entry.querySelector("a.result__a");
    const url = targetOf(link?.getAttribute("href") ?? "");
    if (link === null || url === undefined) return [];
    const snippet = oneLine(entry.querySelector(".result__snippet")?.textContent ?? "");
    return [{ title: oneLine(link.textContent ?? ""), url, snippet }];
  });
}

function targetOf(href: string): string | undefined {
  const base = "https://duckduckgo.com/";
  if (!URL.canParse(href, base)) return undefined;
  const link = new URL(href, base);
  const target = link.searchParams.get("uddg") ?? link.href;
  return URL.canParse(target) && /^https?:/.test(target) ? target : undefined;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
