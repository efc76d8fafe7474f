import type { Document } from '../config.ts';
import { hasNew, namespaceOf } from '../query.ts';
import { each, pathProblem, type Report, type Rule } from './rule.ts';

// Half of KTIME_SEC_MAX: no clock goes further; time_namespaces(7).
const MAX_CLOCK = 4_611_686_018;

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
  const offsets = spec.linux?.timeOffsets;
  if (!offsets?.monotonic && !offsets?.boottime) return;
  if (!hasNew(spec, 'time')) report('linux.timeOffsets', 'needs a new time namespace');
  for (const clock of ['monotonic', 'boottime'] as const) {
    const secs = offsets[clock]?.secs ?? 0;
    if (Math.abs(secs) > MAX_CLOCK)
      report(`linux.timeOffsets.${clock}.secs`, `must be from -${MAX_CLOCK} to ${MAX_CLOCK}, found ${secs}`);
  }
}

export const namespaceRules: readonly Rule[] = [namespaces, needsMountNamespace, timeOffsets];
