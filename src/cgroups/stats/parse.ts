// Pure.
import type { CgroupStats, Count, Psi, ReadFile } from './types.ts';

/** Decimal text as a number; `max` is the largest there is; nothing and what is no number are 0. */
export function count(text: string | undefined): Count {
  if (text === 'max') return 2n ** 64n - 1n;
  if (text === undefined || !/^-?\d+$/.test(text)) return 0;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

/** Lines of a name and a number. */
export function keyed(text: string): Record<string, Count> {
  const values: Record<string, Count> = {};
  for (const line of text.split('\n')) {
    const [key = '', value] = line.split(' ');
    if (key !== '') values[key] = count(value);
  }
  return values;
}

/** The value times a power of ten that changes its unit. */
export function times(value: Count | undefined, factor: number): Count {
  const product = BigInt(value ?? 0) * BigInt(factor);
  return product > BigInt(Number.MAX_SAFE_INTEGER) ? product : Number(product);
}

export function sum(a: Count, b: Count): Count {
  const total = BigInt(a) + BigInt(b);
  return total > BigInt(Number.MAX_SAFE_INTEGER) ? total : Number(total);
}

/** Without the properties that are 0 or empty, as their readers expect. */
export function withoutZeros<T extends object>(values: T): Partial<T> {
  const kept = Object.entries(values).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : Boolean(value),
  );
  return Object.fromEntries(kept) as Partial<T>;
}

/** The text of a `*.pressure` file; undefined where the kernel has none. */
export function pressure(text: string): { psi: Psi } | undefined {
  const lines = new Map<string, Record<string, string>>();
  for (const line of text.split('\n')) {
    const [kind = '', ...pairs] = line.split(' ');
    lines.set(kind, Object.fromEntries(pairs.map((pair) => pair.split('='))));
  }
  if (!lines.has('some')) return undefined;
  const of = (kind: string): Psi['some'] => {
    const { avg10, avg60, avg300, total } = lines.get(kind) ?? {};
    return {
      avg10: Number(avg10 ?? 0),
      avg60: Number(avg60 ?? 0),
      avg300: Number(avg300 ?? 0),
      total: count(total),
    };
  };
  return { psi: { some: of('some'), full: of('full') } };
}

/** The files of the pids controller are the same in both versions; no limit is left out. */
export function pidsStats(read: ReadFile): CgroupStats['pids'] {
  const limit = read('pids', 'pids.max');
  return withoutZeros({
    current: count(read('pids', 'pids.current')),
    limit: limit === 'max' ? 0 : count(limit),
  });
}
