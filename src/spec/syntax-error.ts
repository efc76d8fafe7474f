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
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|[\x7f-\x9f])*"/uy;
const LITERAL = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;

/** Thrown by the scanner to say what it wanted where it stands. */
class Expected extends Error {}

class Scanner {
  position = 0;
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

  private members(close: string, words: string, one: () => void): void {
    this.position += 1;
    if (this.peek() !== close) {
      one();
      while (this.peek() === ',') {
        this.position += 1;
        one();
      }
    }
    this.want(close, words);
  }

  private property(): void {
    this.peek();
    if (!this.take(STRING)) throw new Expected('a property name in double quotes');
    this.want(':', 'a colon');
    this.value();
  }

  value(): void {
    const first = this.peek();
    if (first === '{') this.members('}', 'a comma or }', () => this.property());
    else if (first === '[') this.members(']', 'a comma or ]', () => this.value());
    else if (!this.take(STRING) && !this.take(LITERAL)) throw new Expected('a value');
  }
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
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, expected };
}
