const MARK = '\u0001';

/** JSON in which integers of 64 bits are numbers with all of their digits. */
export function exactJson(value: unknown): string {
  const text = JSON.stringify(value, (_, item) =>
    typeof item === 'bigint' ? `${MARK}${item}${MARK}` : item,
  );
  return text.replaceAll(/"\\u0001(-?\d+)\\u0001"/g, '$1');
}
