/** How many NUMA nodes a kernel can be built for (CONFIG_NODES_SHIFT). */
export const MAX_NODES = 1024;

/**
 * A list of CPUs or of NUMA nodes such as "0-3,7", as ranges; undefined when it is none. Spaces around its parts do no
 * harm.
 */
export function parseIdList(text: string): [first: number, last: number][] | undefined {
  const ranges: [number, number][] = [];
  for (const part of text.split(',')) {
    const [first = '', last = first, ...rest] = part.split('-');
    const range: [number, number] = [numberIn(first), numberIn(last)];
    if (rest.length > 0 || !(range[0] <= range[1])) return undefined;
    ranges.push(range);
  }
  return ranges;
}

/** NaN for anything but digits. */
function numberIn(text: string): number {
  const digits = text.trim();
  return /^\d+$/.test(digits) ? Number(digits) : Number.NaN;
}
