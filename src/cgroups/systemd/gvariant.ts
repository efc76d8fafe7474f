// Pure.
import type { DbusValue, Variant } from '../../linux/dbus.ts';

const BASIC: Readonly<Record<string, string>> = {
  boolean: 'b',
  byte: 'y',
  int16: 'n',
  uint16: 'q',
  int32: 'i',
  handle: 'h',
  uint32: 'u',
  int64: 'x',
  uint64: 't',
  double: 'd',
  string: 's',
  objectpath: 'o',
  signature: 'g',
};
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

/**
 * Reads GVariant's text format as far as unit properties need it: numbers, text, truth values, lists, tuples, and
 * types in front (`uint64 5`, `@as []`). Throws SyntaxError. Source: GLib, "GVariant Text Format".
 */
export function parseGvariant(text: string): Variant {
  const reader = new Reader(text);
  const value = reader.value(undefined);
  reader.end();
  return value;
}

class Reader {
  #at = 0;

  constructor(private readonly text: string) {}

  /** A value; `type` is what is known of it beforehand. */
  value(type: string | undefined): Variant {
    const next = this.#peek();
    if (next === '@') return this.value(this.#take(/@[a-z()]+/y).slice(1));
    if (next === "'" || next === '"') return { signature: textType(type), value: this.#quoted() };
    if (next === '[') return this.#list(type);
    if (next === '(') return this.#tuple(type);
    const word = this.#take(/[-+.\w]+/y);
    const named = BASIC[word];
    if (named !== undefined) return this.value(named);
    if (word === 'true' || word === 'false') return { signature: 'b', value: word === 'true' };
    return number(word, type);
  }

  end(): void {
    if (this.#peek() !== '') throw this.#unexpected();
  }

  #list(type: string | undefined): Variant {
    let element = type?.slice(1);
    const values: DbusValue[] = [];
    this.#take(/\[/y);
    while (this.#peek() !== ']') {
      const item = this.value(element);
      element ??= item.signature;
      if (item.signature !== element) throw new SyntaxError('the values of a list must be of one type');
      values.push(item.value);
      if (this.#peek() !== ']') this.#take(/,/y);
    }
    this.#take(/\]/y);
    if (element === undefined) throw new SyntaxError('an empty list needs a type, such as @as []');
    return { signature: `a${element}`, value: values };
  }

  #tuple(type: string | undefined): Variant {
    const items: Variant[] = [];
    this.#take(/\(/y);
    while (this.#peek() !== ')') {
      // Types of several members would have to be told apart; inside of a tuple each value says its own.
      items.push(this.value(undefined));
      if (this.#peek() !== ')') this.#take(/,/y);
    }
    this.#take(/\)/y);
    const signature = `(${items.map((item) => item.signature).join('')})`;
    if (type !== undefined && type !== signature)
      throw new SyntaxError(`expected ${type}, found ${signature}`);
    return { signature, value: items.map((item) => item.value) };
  }

  #quoted(): string {
    const quoted = this.#take(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/sy);
    return quoted.slice(1, -1).replace(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter);
  }

  #peek(): string {
    while (/\s/.test(this.text[this.#at] ?? '')) this.#at++;
    return this.text[this.#at] ?? '';
  }

  #take(pattern: RegExp): string {
    this.#peek();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) throw this.#unexpected();
    this.#at += found.length;
    return found;
  }

  #unexpected(): SyntaxError {
    const rest = this.text.slice(this.#at, this.#at + 20);
    return new SyntaxError(rest === '' ? 'unexpected end' : `unexpected ${JSON.stringify(rest)}`);
  }
}

function textType(type = 's'): string {
  if ('sog'.includes(type)) return type;
  throw new SyntaxError(`text where a value of type ${type} is due`);
}

const RANGES: Readonly<Record<string, readonly [bits: number, signed: boolean]>> = {
  y: [8, false],
  n: [16, true],
  q: [16, false],
  i: [32, true],
  u: [32, false],
  x: [64, true],
  t: [64, false],
};

/** A number of the given type, or of the type that GVariant takes it for. */
function number(word: string, type: string | undefined): Variant {
  const isInteger = /^[-+]?(0x[0-9a-f]+|\d+)$/i.test(word);
  const signature = type ?? (isInteger ? 'i' : 'd');
  if (signature === 'd' && Number.isFinite(Number(word))) return { signature, value: Number(word) };
  const range = RANGES[signature];
  if (!isInteger || range === undefined) throw new SyntaxError(`unexpected ${JSON.stringify(word)}`);
  const value = word.startsWith('-') ? -BigInt(word.slice(1)) : BigInt(word.replace('+', ''));
  const [bits, signed] = range;
  const fits = signed ? BigInt.asIntN(bits, value) === value : BigInt.asUintN(bits, value) === value;
  if (!fits) throw new SyntaxError(`${word} is out of range`);
  return { signature, value };
}
