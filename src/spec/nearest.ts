const MAX_DISTANCE = 2;

/** The known word that is meant by a mistyped or shortened one, if any is near: `lsit`, `del`, `NOFILE`, `net`. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map((name) => ({ name, edits: edits(word, name) })).sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= MAX_DISTANCE && best.edits < word.length ? best.name : undefined;
}

/** How far a word is from a known one, in either case. A beginning, or an end after `_`, is as good as the whole. */
function edits(word: string, name: string): number {
  const [from, to] = [word.toLowerCase(), name.toLowerCase()];
  const isPart = from.length > 1 && (to.startsWith(from) || to.endsWith(`_${from}`));
  if (isPart) return 0;
  return Math.abs(from.length - to.length) > MAX_DISTANCE ? Number.POSITIVE_INFINITY : editsBetween(from, to);
}

/** Levenshtein distance: single-letter edits that turn one word into the other. */
export function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] as number) + (from[line - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] as number) + 1, (next[column - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
