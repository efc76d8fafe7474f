import type { Document } from '../config.ts';
import { hasNew, namespaceOf } from '../query.ts';
import { each, pathProblem, type Report, type Rule } from './rule.ts';

function namespaces({ linux }: Document, report: Report): void {
  const seen: string[] = [];
  each(linux?.namespaces, ({ type, path }, index) => {
    const problem = path && pathProblem(path);
    if (problem) report(`linux.namespaces[${index}].path`, problem);
    if (seen.includes(type)) report(`linux.namespaces[${index}].type`, `${type} is there twice`);
    seen.push(type);
  });
}

/** Without a mount namespace these would change what the host sees. */
function needsMountNamespace(spec: Document, report: Report): void {
  if (namespaceOf(spec, 'mount')) return;
  const { linux, root } = spec;
  const message = 'needs a mount namespace';
  if (root?.readonly) report('root.readonly', message);
  if (linux?.maskedPaths?.length) report('linux.maskedPaths', message);
  if (linux?.readonlyPaths?.length) report('linux.readonlyPaths', message);
  if (linux?.rootfsPropagation) report('linux.rootfsPropagation', message);
}

/** Offsets can be written only before the first process is in the namespace. */
function timeOffsets(spec: Document, report: Report): void {
  const { monotonic, boottime } = spec.linux?.timeOffsets ?? {};
  if ((monotonic || boottime) && !hasNew(spec, 'time'))
    report('linux.timeOffsets', 'needs a new time namespace');
}

export const namespaceRules: readonly Rule[] = [namespaces, needsMountNamespace, timeOffsets];
