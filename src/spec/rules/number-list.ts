import { show } from '../explain.ts';

const SYNTAX = /^\d+(-\d+)?(,\d+(-\d+)?)*$/;

/** What is wrong with a list of numbers such as `0-3,7`, as the kernel reads it for CPUs and memory nodes. */
export function listProblem(list: string, max: number): string | undefined {
  const found = `found ${show(list)}`;
  if (!SYNTAX.test(list)) return `must be a list such as "0-3,7", ${found}`;
  for (const range of list.split(',')) {
    const [first = 0, last = first] = range.split('-').map(Number);
    if (first > last) return `has a range that goes down, ${found}`;
    if (last > max) return `must have no number above ${max}, ${found}`;
  }
  return undefined;
}

// CONFIG_NR_CPUS and CONFIG_NODES_SHIFT of the kernel are at most 8192 and 10.
export const MAX_CPU = 8191;
export const MAX_NODE = 1023;
