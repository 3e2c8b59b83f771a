// What of an address is a secret by itself: servers repeat a path or a parameter without the address it belongs to.

/** Shorter ones, and plain words, are names. */
const LEAST_CHARS = 16;

export function secretPartsOf(address: string): string[] {
  if (!URL.canParse(address)) return [];
  const { password, pathname, search, searchParams } = new URL(address);
  const random = [...pathname.split("/"), ...searchParams.values()].filter(isRandom);
  return [
    ...(random.length === 0 ? [] : [`${pathname}${search}`]),
    ...random,
    ...(password === "" ? [] : [password, unescaped(password)]),
  ];
}

/** As whoever wrote it meant it; what is no escape stays as it is. */
function unescaped(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (codes) =>
    Buffer.from(codes.replaceAll("%", ""), "hex").toString(),
  );
}

function isRandom(part: string): boolean {
  return part.length >= LEAST_CHARS && /\d/.test(part) && /[a-z]/i.test(part);
}
