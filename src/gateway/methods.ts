// Which methods a path takes, for whoever came with another one.

import type { FastifyInstance } from "fastify";

/** To be called before the routes are there; the methods come in alphabetical order, none for a path that is nowhere. */
export function noteMethods(app: FastifyInstance): (path: string) => readonly string[] {
  const known = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  app.addHook("onRoute", ({ url, method }) => {
    const route = known.get(url) ?? { pattern: patternOf(url), methods: new Set() };
    known.set(url, route);
    for (const one of [method].flat()) route.methods.add(one);
  });
  return (path) => {
    const routes = [...known.values()].filter(({ pattern }) => pattern.test(path));
    return [...new Set(routes.flatMap(({ methods }) => [...methods]))].sort();
  };
}

function patternOf(url: string): RegExp {
  const source = url
    .replace(/[.+?^${}()|[\]\\]/g, "\\$&")
    .replace(/:\w+/g, "[^/]+")
    .replace("*", ".+");
  return new RegExp(`^${source}$`);
}
