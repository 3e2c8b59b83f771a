// What the product does not contain. Names of packages are enough here: a browser cannot be driven without one.

import { expect, test } from "vitest";
import { readText } from "../support/tree.ts";
import { verifies } from "../support/verifies.ts";

const BROWSER =
  /(^|[@/-])(puppeteer|playwright|chromium?|chrome|selenium|webdriver|firefox|electron)([/-]|$)/;

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}

/** Installed packages that the program itself depends on, by name. */
function programPackages(): string[] {
  const { packages } = JSON.parse(readText("package-lock.json")) as Lock;
  return Object.entries(packages).flatMap(([path, { dev }]) => {
    const name = path.split("node_modules/").at(-1) ?? "";
    return name === "" || dev === true ? [] : [name];
  });
}

test(verifies("NG-001", "no package of the program is or drives a browser"), () => {
  expect(
    ["puppeteer-core", "@playwright/test", "chrome-launcher"].filter((name) => BROWSER.test(name)),
  ).toHaveLength(3);
  expect(programPackages()).toContain("better-sqlite3");
  expect(programPackages().filter((name) => BROWSER.test(name))).toEqual([]);
});
