// Where bubblewrap is on this machine: at the configured path or where distributions install it, never on a PATH.

import { accessSync, constants } from "node:fs";

const PLACES = ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/run/current-system/sw/bin/bwrap"];

export function findBwrap(configured: string | undefined): string | undefined {
  return (configured === undefined ? PLACES : [configured]).find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
