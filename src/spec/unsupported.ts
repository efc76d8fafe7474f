import { notSupported } from '../errors.ts';
import type { Linux, Process, Spec } from './config.ts';
import { OCI_VERSION } from './state.ts';

/** Notes `field` when the second argument is true, or a value that asks for something (not "", 0, [] or {}). */
type Refuse = (field: string, asked: unknown) => void;

function asksForSomething(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

function linux(linux: Linux, refuse: Refuse): void {
  const { syscalls = [] } = linux.seccomp ?? {};
  refuse(
    'linux.seccomp.listenerPath',
    syscalls.some(({ action }) => action === 'SCMP_ACT_NOTIFY'),
  );
}

/** Throws one error (`NOT_SUPPORTED`) that lists everything asked for that this version does not carry out. */
export function refuseUnsupported(spec: Spec): void {
  const fields = unsupported(spec);
  if (fields.length > 0) throw notSupported(fields.join(', '));
}

/** Whether this version carries out all of that part of a configuration. */
export function supports(part: Partial<Omit<Spec, 'process'>> & { process?: Partial<Process> }): boolean {
  const process = { cwd: '/', args: ['sh'], ...part.process };
  return unsupported({ ociVersion: OCI_VERSION, root: { path: '/' }, ...part, process }).length === 0;
}

function unsupported(spec: Spec): string[] {
  const fields: string[] = [];
  const refuse: Refuse = (field, asked) => {
    if (asksForSomething(asked)) fields.push(field);
  };
  linux(spec.linux ?? {}, refuse);
  return fields;
}
