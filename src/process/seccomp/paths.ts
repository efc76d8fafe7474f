// Pure.
import type { FilterInstruction } from '../../linux/seccomp.ts';
import { compares, type Fact, type Step, type SystemCall, step, type Word } from './bpf.ts';

/** One way through a filter. */
export interface Path {
  answer: number;
  /** Arguments with which a system call goes it. */
  args: readonly bigint[];
}

/** More ways than any filter has that a person could have meant. */
const MAX_PATHS = 4096;
const ARGUMENTS = 6;
const ALL = 0xffffffff;

/**
 * Every way that a system call of that architecture and number can go through a filter, whatever its arguments are; each
 * with arguments that go it. Ways for which none are found are left out: no arguments go there.
 */
export function pathsThrough(program: readonly FilterInstruction[], call: Omit<SystemCall, 'args'>): Path[] {
  const paths: Path[] = [];
  const walk = (from: number, start: number | Word, facts: readonly Fact[]): void => {
    let at = from;
    let accumulator = start;
    for (;;) {
      const result: Step = step(program, at, accumulator, call);
      if ('answer' in result) {
        paths.push({ answer: result.answer, args: argumentsOf(facts) });
        return;
      }
      if ('fact' in result) {
        const { fact, whenTrue, whenFalse } = result;
        for (const [holds, next] of [
          [true, whenTrue],
          [false, whenFalse],
        ] as const) {
          const more = [...facts, { ...fact, holds }];
          const possible = wordWith(more, fact.word) !== undefined;
          if (possible && paths.length < MAX_PATHS) walk(next, accumulator, more);
        }
        return;
      }
      ({ next: at, accumulator } = result);
    }
  };
  walk(0, 0, []);
  return paths;
}

function argumentsOf(facts: readonly Fact[]): bigint[] {
  const word = (index: number): bigint => BigInt(wordWith(facts, index) as number);
  return Array.from({ length: ARGUMENTS }, (_, index) => (word(2 * index + 1) << 32n) | word(2 * index));
}

/** A value of a word for which all facts about it hold; undefined when there seems to be none. */
function wordWith(facts: readonly Fact[], word: number): number | undefined {
  const own = facts.filter((fact) => fact.word === word);
  const fits = (candidate: number): boolean =>
    own.every(({ mask, code, value, holds }) => compares(code, (candidate & mask) >>> 0, value) === holds);
  // The least one that fits is beside a constant, with bits of another one.
  const near = [0, ALL, ...own.flatMap(({ value }) => [value, value + 1, value - 1])];
  for (const candidate of near) if (fits(candidate >>> 0)) return candidate >>> 0;
  for (const { mask, value } of own) {
    for (const candidate of near) {
      for (const bits of [value, value ^ (mask & -mask), value ^ mask]) {
        const mixed = ((candidate & ~mask) | (bits & mask)) >>> 0;
        if (fits(mixed)) return mixed;
      }
    }
  }
  return undefined;
}
