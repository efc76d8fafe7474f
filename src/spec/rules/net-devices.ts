import type { Document } from '../config.ts';
import { child, show } from '../explain.ts';
import { namespaceOf } from '../query.ts';
import type { Report, Rule } from './rule.ts';

// IFNAMSIZ without its NUL.
const MAX_BYTES = 15;
const TEMPLATE = '%d';

/** What is wrong with the name of a network interface, by the kernel's rules. */
export function interfaceProblem(name: string): string | undefined {
  const found = `found ${show(name)}`;
  if (name === '' || name === '.' || name === '..')
    return `must be the name of a network interface, ${found}`;
  if (/[\s/:\0]/.test(name)) return `must not contain "/", ":", white space or a NUL byte, ${found}`;
  if (Buffer.byteLength(name) > MAX_BYTES) return `must have at most ${MAX_BYTES} bytes, ${found}`;
  return undefined;
}

/** In the container the kernel may choose a number: `eth%d`. */
function newNameProblem(name: string): string | undefined {
  const problem = interfaceProblem(name);
  if (problem || !name.includes('%')) return problem;
  const found = `found ${show(name)}`;
  return name.replace(TEMPLATE, '').includes('%') ? `must contain "%" only as one "%d", ${found}` : undefined;
}

function netDevices(spec: Document, report: Report): void {
  const devices = spec.linux?.netDevices;
  if (!devices || Object.keys(devices).length === 0) return;
  const field = 'linux.netDevices';
  if (!namespaceOf(spec, 'network')) report(field, 'needs a network namespace');
  const seen: string[] = [];
  for (const host of Object.keys(devices)) {
    const at = child(field, host);
    const name = devices[host]?.name || host;
    const hostProblem = interfaceProblem(host);
    if (hostProblem) report(at, hostProblem);
    const problem = name === host ? undefined : newNameProblem(name);
    if (problem) report(`${at}.name`, problem);
    if (seen.includes(name)) report(`${at}.name`, `${show(name)} is there twice`);
    if (!name.includes(TEMPLATE)) seen.push(name);
  }
}

export const netDeviceRules: readonly Rule[] = [netDevices];
