// Whether OpenAI's strict mode takes a schema. It wants every object closed and every property required; a schema that
// is not so goes in the lenient mode, which only asks for it.

type Schema = Readonly<Record<string, unknown>>;

export function isStrict(schema: Schema): boolean {
  const { type, properties, additionalProperties, required } = schema;
  if (type === "object" || properties !== undefined) {
    const names = Object.keys(isSchema(properties) ? properties : {});
    const wanted: readonly unknown[] = Array.isArray(required) ? required : [];
    if (additionalProperties !== false || !names.every((name) => wanted.includes(name))) return false;
  }
  return childrenOf(schema).every(isStrict);
}

function childrenOf({ properties, $defs, items, anyOf, allOf, oneOf }: Schema): Schema[] {
  const maps = [properties, $defs].flatMap((map) => (isSchema(map) ? Object.values(map) : []));
  return [...maps, items, anyOf, allOf, oneOf].flat().filter(isSchema);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
