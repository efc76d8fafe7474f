import type { Document } from '../config.ts';
import { show } from '../explain.ts';
import { each, hasNul, NUL, type Report, type Rule } from './rule.ts';

const FIELD = 'linux.intelRdt';
// Directories of resctrl itself; the file names of Linux have at most 255 bytes.
const RESERVED = ['.', '..', 'info', 'mon_data', 'mon_groups'];
const MAX_BYTES = 255;

/** What cannot be a directory below the root of resctrl; `/` is that root. */
function closIdProblem(closID: string): string | undefined {
  const found = `found ${show(closID)}`;
  if (closID === '/') return undefined;
  if (RESERVED.includes(closID)) return `must be the name of a group of its own, ${found}`;
  if (/[/\n\0]/.test(closID)) return `must be "/" or a name without "/", newline and NUL byte, ${found}`;
  return Buffer.byteLength(closID) > MAX_BYTES ? `must have at most ${MAX_BYTES} bytes` : undefined;
}

function intelRdt({ linux }: Document, report: Report): void {
  const rdt = linux?.intelRdt;
  if (!rdt) return;
  const problem = rdt.closID && closIdProblem(rdt.closID);
  if (problem) report(`${FIELD}.closID`, problem);
  for (const key of ['l3CacheSchema', 'memBwSchema'] as const) {
    if (hasNul(rdt[key])) report(`${FIELD}.${key}`, NUL);
  }
  each(rdt.schemata, (line, index) => {
    if (hasNul(line)) report(`${FIELD}.schemata[${index}]`, NUL);
  });
}

export const intelRdtRules: readonly Rule[] = [intelRdt];
