import type { Document } from '../config.ts';
import { each, hasNul, NUL, type Report, type Rule } from './rule.ts';

const ONE_LINE = 'must not have more than one line';

/** The group becomes a directory of the resctrl filesystem, whose root is the group "/". */
function closID({ linux }: Document, report: Report): void {
  const id = linux?.intelRdt?.closID;
  if (!id || id === '/') return;
  const field = 'linux.intelRdt.closID';
  if (id === '.' || id === '..' || id.includes('/') || id.includes('\n')) {
    report(field, `must be the name of one directory, or "/", found ${JSON.stringify(id)}`);
  }
  if (hasNul(id)) report(field, NUL);
}

function schemata({ linux }: Document, report: Report): void {
  const rdt = linux?.intelRdt;
  if (hasNul(rdt?.l3CacheSchema)) report('linux.intelRdt.l3CacheSchema', NUL);
  if (hasNul(rdt?.memBwSchema)) report('linux.intelRdt.memBwSchema', NUL);
  each(rdt?.schemata, (line, index) => {
    const field = `linux.intelRdt.schemata[${index}]`;
    if (line.includes('\n')) report(field, ONE_LINE);
    if (hasNul(line)) report(field, NUL);
    if (!line.includes(':'))
      report(field, `must be a resource and its domains such as "L2:0=f", found ${JSON.stringify(line)}`);
  });
}

export const intelRdtRules: readonly Rule[] = [closID, schemata];
