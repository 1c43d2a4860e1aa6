"use strict";

// A regex of Python as one of the browser. Whatever the two take differently is refused, with a reason.

class UnsupportedRegex extends Error {}

const WORD = "\\p{L}\\p{N}_";
const CLASSES = { d: "\\p{Nd}", w: WORD, s: "\\s" };
const NOT_IN_WORDS = { D: "\\P{Nd}", W: `[^${WORD}]`, S: "\\S" };
const BOUNDARY = `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`;
const NO_BOUNDARY = `(?:(?<=[${WORD}])(?=[${WORD}])|(?<![${WORD}])(?![${WORD}]))`;
const ANCHORS = { A: "^", Z: "$", b: BOUNDARY, B: NO_BOUNDARY };
const CONTROLS = { a: "\\x07", f: "\\f", n: "\\n", r: "\\r", t: "\\t", v: "\\v" };
const QUANTIFIER = /^(?:[*+?]|\{(\d*)(,?)(\d*)\})(\??)/;
const OPENINGS = ["(?:", "(?=", "(?!"];

/** Returns the RegExp that finds what Python's `re.search` finds; throws an UnsupportedRegex or a SyntaxError. */
function browserRegex(source) {
  const flags = /^\(\?([a-zA-Z]+)\)/.exec(source);
  if (flags && flags[1] !== "i") throw new UnsupportedRegex(`the flags (?${flags[1]}) are not tried here, only (?i)`);
  const reader = { text: source, at: flags ? flags[0].length : 0, lookbehind: 0, depth: [] };
  let translated = "";
  while (reader.at < source.length) translated += translateNext(reader);
  return new RegExp(translated, flags ? "iu" : "u");
}

function translateNext(reader) {
  const rest = reader.text.slice(reader.at, reader.at + 200);
  const character = String.fromCodePoint(rest.codePointAt(0));
  if (character === "\\") return translateEscape(reader, false);
  if (character === "[") return translateSet(reader);
  if (character === "(") return translateOpening(reader, rest);
  const quantifier = QUANTIFIER.exec(rest);
  if (quantifier && quantifier[0] !== "{}" && quantifier[0] !== "{}?") return translateQuantifier(reader, quantifier);
  reader.at += character.length;
  if (character === ")") reader.lookbehind -= reader.depth.pop() ? 1 : 0;
  if (character === "|" && reader.lookbehind) throw new UnsupportedRegex("branches in a lookbehind are not tried here");
  if (character === ".") return "[^\\n]";
  if (character === "$") return "(?=\\n?$)";
  return "{}]/".includes(character) ? `\\${character}` : character;
}

function translateQuantifier(reader, [whole, least, comma, most, lazy]) {
  reader.at += whole.length;
  if (reader.lookbehind) throw new UnsupportedRegex("repeats in a lookbehind are not tried here");
  if (!lazy && reader.text[reader.at] === "+") {
    throw new UnsupportedRegex(`possessive repeats (${whole}+) are unknown to the browser`);
  }
  if (!whole.startsWith("{")) return whole;
  return `{${least || (comma ? 0 : "")}${comma}${most}}${lazy}`;
}

function translateOpening(reader, rest) {
  const named = /^\(\?P<([A-Za-z_]\w*)>/.exec(rest);
  const opening = OPENINGS.find((each) => rest.startsWith(each));
  const lookbehind = ["(?<=", "(?<!"].find((each) => rest.startsWith(each));
  const comment = /^\(\?#[^)]*\)/.exec(rest);
  if (comment) {
    reader.at += comment[0].length;
    return "";
  }
  if (!named && !opening && !lookbehind && rest.startsWith("(?")) {
    throw new UnsupportedRegex(`groups of the form ${/^\(\?(?:P?.)?/.exec(rest)[0]}… are not tried here`);
  }
  const taken = named ? named[0] : opening || lookbehind || "(";
  reader.at += taken.length;
  reader.depth.push(Boolean(lookbehind));
  if (lookbehind) reader.lookbehind += 1;
  return named ? `(?<${named[1]}>` : taken;
}

/** Translates a backslash and what it escapes, outside of a set or inside of one. */
function translateEscape(reader, inSet) {
  const rest = reader.text.slice(reader.at + 1, reader.at + 12);
  if (!rest) throw new UnsupportedRegex("it ends in a backslash");
  const code = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(rest);
  if (code) {
    reader.at += 1 + code[0].length;
    return `\\u{${code[1] || code[2] || code[3].replace(/^0+(?=.)/, "")}}`;
  }
  const character = String.fromCodePoint(rest.codePointAt(0));
  reader.at += 1 + character.length;
  if (character in CONTROLS) return CONTROLS[character];
  if (character in CLASSES) return inSet ? CLASSES[character] : `[${CLASSES[character]}]`;
  if (!inSet && character in NOT_IN_WORDS) return NOT_IN_WORDS[character];
  if (!inSet && character in ANCHORS) return ANCHORS[character];
  if (inSet && character === "b") return "\\x08";
  if (/[0-9]/.test(character)) throw new UnsupportedRegex(`\\${character} is not tried here: the browser takes it differently`);
  if (/[A-Za-z]/.test(character)) throw new UnsupportedRegex(`\\${character} is not tried here`);
  return literal(character, inSet);
}

function literal(character, inSet) {
  return /[\^$\\.*+?()[\]{}|/]/.test(character) || (inSet && character === "-") ? `\\${character}` : character;
}

/** Translates a set such as `[^\w.]`; a `]` that comes first is a member. */
function translateSet(reader) {
  reader.at += 1;
  let translated = "[";
  if (reader.text[reader.at] === "^") {
    reader.at += 1;
    translated += "^";
  }
  for (let first = true; first || reader.text[reader.at] !== "]"; first = false) {
    if (reader.at >= reader.text.length) throw new UnsupportedRegex("a [ is not closed");
    const character = String.fromCodePoint(reader.text.codePointAt(reader.at));
    if (character === "\\") {
      translated += translateEscape(reader, true);
    } else {
      reader.at += character.length;
      translated += character === "-" ? dash(reader, first) : literal(character, false);
    }
  }
  reader.at += 1;
  return `${translated}]`;
}

/** A dash between two members makes a range; the first and the last are members themselves. */
function dash(reader, first) {
  return first || reader.text[reader.at] === "]" ? "\\-" : "-";
}

/** The places of the names that a regex of Python finds. */
function placesFound(names, source) {
  const regex = browserRegex(source);
  const places = [];
  names.forEach((name, place) => {
    if (regex.test(name)) places.push(place);
  });
  return places;
}
