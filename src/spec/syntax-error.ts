/**
 * Where a text stops being JSON (RFC 8259), in the same words under every engine: V8 says no line, and
 * JavaScriptCore no position at all. Only used after JSON.parse has refused the text.
 */
export interface SyntaxProblem {
  /** From 1. */
  line: number;
  /** From 1, in UTF-16 code units. */
  column: number;
  /** What should have stood there. */
  expected: string;
  /** What stands there. */
  found: string;
  /** What is probably wrong. */
  hint: string | undefined;
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|[\x7f-\x9f])*"/uy;
const LITERAL = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;

/** Thrown by the scanner to say what it wanted where it stands. */
class Expected extends Error {}

/** A name that an object has more than once. */
export interface RepeatedName {
  name: string;
  /** Where it stands again, from 1. */
  line: number;
}

class Scanner {
  position = 0;
  readonly repeated: { name: string; position: number }[] = [];
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  private take(pattern: RegExp): boolean {
    pattern.lastIndex = this.position;
    if (!pattern.test(this.text)) return false;
    this.position = pattern.lastIndex;
    return true;
  }

  /** The next character that is not white space, not consumed. */
  peek(): string {
    this.take(SPACE);
    return this.text.charAt(this.position);
  }

  private want(character: string, words: string): void {
    if (this.peek() !== character) throw new Expected(words);
    this.position += 1;
  }

  private members(close: string, words: string, one: (names: Set<string>) => void): void {
    const names = new Set<string>();
    this.position += 1;
    if (this.peek() !== close) {
      one(names);
      while (this.peek() === ',') {
        this.position += 1;
        one(names);
      }
    }
    this.want(close, words);
  }

  private property(names: Set<string>): void {
    this.peek();
    const { position } = this;
    if (!this.take(STRING)) throw new Expected('a property name in double quotes');
    const name = this.text.slice(position + 1, this.position - 1);
    if (names.has(name)) this.repeated.push({ name, position });
    names.add(name);
    this.want(':', 'a colon');
    this.value();
  }

  value(): void {
    const first = this.peek();
    if (first === '{') this.members('}', 'a comma or }', (names) => this.property(names));
    else if (first === '[') this.members(']', 'a comma or ]', () => this.value());
    else if (!this.take(STRING) && !this.take(LITERAL)) throw new Expected('a value');
  }
}

/** What objects of `text`, which is JSON, have twice: the last one counts, and nobody says so. */
export function repeatedNames(text: string): RepeatedName[] {
  const scanner = new Scanner(text);
  scanner.value();
  return scanner.repeated.map(({ name, position }) => ({
    name,
    line: text.slice(0, position).split('\n').length,
  }));
}

/** The first syntax error of `text`, which is known to have one. */
export function syntaxError(text: string): SyntaxProblem {
  const scanner = new Scanner(text);
  let expected = 'the end of the file';
  try {
    scanner.value();
    scanner.peek();
  } catch (thrown) {
    if (!(thrown instanceof Expected)) throw thrown;
    expected = thrown.message;
  }
  const before = text.slice(0, scanner.position).split('\n');
  const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  const rest = text.slice(scanner.position);
  return { ...place, expected, found: show(rest), hint: likelyMistake(text, scanner.position, expected) };
}

const MAX_SHOWN = 20;

function show(rest: string): string {
  if (rest === '') return 'the end of the file';
  const word = /^(?:[\w.+-]+|\/\/|\/\*)/.exec(rest)?.[0] ?? String.fromCodePoint(rest.codePointAt(0) ?? 0);
  return JSON.stringify(word.slice(0, MAX_SHOWN));
}

const BYTE_ORDER_MARK = '\ufeff';
/** What decoding as UTF-8 has made of the byte order marks of UTF-16. */
const UTF_16 = '\ufffd\ufffd';

function likelyMistake(text: string, position: number, expected: string): string | undefined {
  if (text.startsWith(BYTE_ORDER_MARK))
    return 'it begins with a byte order mark: save it as UTF-8 without one';
  if (text.startsWith(UTF_16) || text.slice(0, 2).includes('\0'))
    return 'it is no UTF-8 text: save it as UTF-8';
  const rest = text.slice(position);
  const isAfterComma = text.slice(0, position).trimEnd().endsWith(',');
  if (isAfterComma && /^[}\]]/.test(rest)) return 'the comma before it is one too many';
  if (/^(?:#|\/\/|\/\*)/.test(rest)) return 'JSON has no comments';
  if (rest.startsWith("'")) return 'strings stand in double quotes';
  if (rest.startsWith('"') && !expected.startsWith('a comma'))
    return 'this string has no end on its line, a character that must be written as \\n or \\u0009, or a \\ before a wrong one';
  if (/^(?:true|false|null)\b/i.test(rest)) return 'true, false and null are in lower case';
  if (/^[-+.\w]*\d/.test(rest)) return 'numbers are decimal, without + or a leading 0';
  return undefined;
}
