import { RuntimeError } from '../errors.ts';

const POWERS = 'kmgtp';
const DURATIONS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function invalid(option: string, text: string, allowed: string): RuntimeError {
  return new RuntimeError(`invalid value ${JSON.stringify(text)} for ${option}: must be ${allowed}`, {
    code: 'USAGE',
  });
}

/** Bytes from text such as `512m`, `1.5GiB` or `-1`; units are powers of 1024. Throws a misuse, as the others do. */
export function parseSize(option: string, text: string): number {
  if (text === '-1') return -1;
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp])?i?b?$/i.exec(text);
  const [, amount, unit] = match ?? [];
  const bytes = Math.floor(Number(amount) * 1024 ** (POWERS.indexOf((unit ?? '').toLowerCase() || '-') + 1));
  if (Number.isSafeInteger(bytes)) return bytes;
  throw invalid(option, text, 'a number of bytes, with a unit (512m, 2g), or -1');
}

/** Milliseconds from text such as `5s`, `1m30s` or `500ms`. */
export function parseDuration(option: string, text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  const total = parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (DURATIONS[unit as string] ?? 0),
    0,
  );
  if (parts.map(([part]) => part).join('') === text && total > 0) return total;
  throw invalid(option, text, 'a time above 0 such as 500ms, 5s or 1m30s');
}

/** A whole number; `-1` and the like are allowed. */
export function parseInteger(option: string, text: string): number {
  const value = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw invalid(option, text, 'a whole number');
}
