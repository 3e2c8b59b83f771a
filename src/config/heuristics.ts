// The heuristics that hold when the configuration has none of its own: what people write when they want much, or
// little. In six languages; a word counts only as a whole word.

import type { RouteCondition, Tier } from "../domain/route.ts";

interface Heuristic {
  readonly name: string;
  readonly when: RouteCondition;
  readonly tier: Tier;
}

const REASONING =
  "prove,proof,theorem,lemma,derive,derivation,integral,equation,step by step,trade-off,trade-offs,analyze,analyse," +
  "root cause,beweise,beweis,herleiten,herleitung,gleichung,schritt für schritt,abwägung,analysiere," +
  "démontre,démontrer,théorème,preuve,équation,étape par étape,analyse en détail," +
  "demuestra,demostrar,teorema,prueba,ecuación,paso a paso," +
  "dimostra,dimostrazione,equazione,passo dopo passo,证明,推导,定理,方程,逐步";

const CODE =
  "refactor,refactoring,architecture,race condition,deadlock,concurrency,migration,algorithm,complexity,optimize," +
  "optimise,debug,stack trace,segfault,memory leak,unit tests,test suite,type system,compiler,distributed," +
  "refaktoriere,architektur,nebenläufigkeit,algorithmus,optimiere,speicherleck,architecture logicielle,algorithme," +
  "algoritmo,arquitectura,optimiza,architettura,ottimizza,重构,架构,算法,并发";

const GREETINGS =
  "hi,hello,hey,thanks,thank you,good morning,good evening,hallo,danke,guten morgen,moin,bonjour,salut,merci," +
  "hola,gracias,buenos días,ciao,grazie,buongiorno,你好,谢谢";

const words = (text: string): string[] => text.split(",");

export const DEFAULT_HEURISTICS: readonly Heuristic[] = [
  { name: "reasoning", when: { keywords: words(REASONING), minMatches: 2 }, tier: "heavy" },
  { name: "complex code", when: { keywords: words(CODE), minMatches: 2 }, tier: "heavy" },
  { name: "long", when: { tokensAbove: 8_000 }, tier: "heavy" },
  { name: "greeting", when: { keywords: words(GREETINGS), minMatches: 1, tokensBelow: 25 }, tier: "light" },
  { name: "tools", when: { hasTools: true }, tier: "medium" },
  { name: "short", when: { tokensBelow: 120 }, tier: "light" },
];
