// What the JSON Schema of specs allows at a place: keys and values, with their help.

export class Schema {
  constructor(document) {
    this.document = document;
  }

  /** The parts of the schema that hold for the last of some steps into a value. */
  at(steps, value) {
    let nodes = this.expand([this.document], value);
    for (const step of steps) {
      value = value?.[step];
      nodes = this.expand(nodes.flatMap((node) => below(node, step)), value);
    }
    return nodes;
  }

  /** Parts of the schema with all that they refer to; conditions are tried on the value, if there is one. */
  expand(nodes, value) {
    const all = [];
    for (const node of nodes) {
      if (typeof node !== "object") continue;
      all.push(node);
      const parts = [...(node.allOf ?? []), ...(node.anyOf ?? [])];
      if (node.$ref) parts.push(this.resolve(node.$ref));
      if (node.if && value !== undefined) parts.push((this.fits(node.if, value) ? node.then : node.else) ?? {});
      all.push(...this.expand(parts, value));
    }
    return all;
  }

  resolve(reference) {
    return reference.replace("#/", "").split("/").reduce((node, step) => node[step], this.document);
  }

  /** The keys that the mapping at the end of some steps may have in addition: {name, description}. */
  keys(steps, value) {
    const here = steps.reduce((inside, step) => inside?.[step], value) ?? {};
    const nodes = this.at(steps, value);
    const names = nodes.flatMap((node) => [...Object.keys(node.properties ?? {}), ...(node.propertyNames?.enum ?? [])]);
    const present = Object.keys(here).filter((name) => this.allows(nodes, name));
    const allowed = [...new Set(names)].filter((name) => {
      if (name in here) return false;
      const after = this.at(steps, replaced(value, steps, { ...here, [name]: ANY }));
      return [...present, name].every((each) => this.allows(after, each));
    });
    return allowed.map((name) => ({ name, description: this.about(nodes, name) }));
  }

  allows(nodes, name) {
    return nodes.every((node) => this.fits(node.propertyNames, name));
  }

  /** What a key is, or what its value has to be. */
  about(nodes, name) {
    const parts = this.expand(nodes.flatMap((node) => node.properties?.[name] ?? []), undefined);
    const help = parts.find((part) => part.description) ?? parts.find((part) => part.errorMessage);
    return help?.description ?? help?.errorMessage ?? "";
  }

  /** The values that a place may have, as far as the schema lists them: {value, description}. */
  values(nodes) {
    const found = new Map();
    const add = (value, description = "") => found.has(value) || found.set(value, description);
    for (const node of nodes) {
      (node.enum ?? []).forEach((value, index) => add(value, node.enumDescriptions?.[index]));
      if ("const" in node) add(node.const, node.description);
      if ([node.type].flat().includes("boolean")) [true, false].forEach((value) => add(value));
    }
    return [...found].map(([value, description]) => ({ value, description }));
  }

  /** Whether a value fits a part of the schema; what is not known yet fits. */
  fits(schema, value) {
    if (schema === undefined || schema === true || value === undefined) return true;
    if (schema === false) return false;
    return Object.entries(schema).every(([word, wanted]) => CHECKS[word]?.(this, wanted, value, schema) ?? true);
  }
}

const ANY = {}; // a value that is yet to be written

function replaced(value, [step, ...others], inner) {
  if (step === undefined) return inner;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  copy[step] = replaced(value?.[step], others, inner);
  return copy;
}

function below(node, step) {
  if (typeof step === "number") return [node.items ?? [], node.prefixItems?.[step] ?? []].flat();
  const named = node.properties?.[step];
  const patterns = Object.entries(node.patternProperties ?? {}).filter(([pattern]) => new RegExp(pattern).test(step));
  const others = named || patterns.length ? [] : (node.additionalProperties ?? []);
  return [named ?? [], ...patterns.map(([, schema]) => schema), others].flat();
}

const isMapping = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

const TYPES = {
  object: isMapping,
  array: Array.isArray,
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
};

const CHECKS = {
  type: (_, types, value) => [types].flat().some((type) => TYPES[type](value)),
  const: (_, wanted, value) => value === wanted,
  enum: (_, wanted, value) => wanted.includes(value),
  pattern: (_, pattern, value) => typeof value !== "string" || new RegExp(pattern).test(value),
  required: (_, names, value) => !isMapping(value) || names.every((name) => name in value),
  minProperties: (_, least, value) => !isMapping(value) || Object.keys(value).length >= least,
  minItems: (_, least, value) => !Array.isArray(value) || value.length >= least,
  properties: (schema, parts, value) =>
    !isMapping(value) || Object.keys(parts).every((name) => schema.fits(parts[name], value[name])),
  additionalProperties: (schema, part, value, { properties = {} }) =>
    !isMapping(value) || Object.keys(value).every((name) => name in properties || schema.fits(part, value[name])),
  propertyNames: (schema, part, value) =>
    !isMapping(value) || Object.keys(value).every((name) => schema.fits(part, name)),
  items: (schema, part, value) => !Array.isArray(value) || value.every((item) => schema.fits(part, item)),
  not: (schema, part, value) => !schema.fits(part, value),
  anyOf: (schema, parts, value) => parts.some((part) => schema.fits(part, value)),
  allOf: (schema, parts, value) => parts.every((part) => schema.fits(part, value)),
  $ref: (schema, reference, value) => schema.fits(schema.resolve(reference), value),
  if: (schema, part, value, { then, else: otherwise }) =>
    schema.fits(schema.fits(part, value) ? then : otherwise, value),
};
