import type { Document, Seccomp } from '../config.ts';
import { each, hasNul, NUL, type Report, type Rule } from './rule.ts';

type Action = Seccomp['defaultAction'];

const FIELD = 'linux.seccomp';
// An errno in the return value of a system call; the 16 bits of SECCOMP_RET_DATA. seccomp(2).
const MAX_DATA: Partial<Record<Action, number>> = { SCMP_ACT_ERRNO: 4095, SCMP_ACT_TRACE: 65535 };

function errnoRet(field: string, action: Action, value: number | undefined, report: Report): void {
  if (value === undefined) return;
  const max = MAX_DATA[action];
  if (max === undefined) report(field, `must not be there: ${action} takes none`);
  else if (value > max) report(field, `must be from 0 to ${max} for ${action}, found ${value}`);
}

function syscalls({ syscalls }: Seccomp, report: Report): boolean {
  let notifies = false;
  each(syscalls, ({ names, action, errnoRet: value }, index) => {
    const field = `${FIELD}.syscalls[${index}]`;
    errnoRet(`${field}.errnoRet`, action, value, report);
    if (action !== 'SCMP_ACT_NOTIFY') return;
    notifies = true;
    // Who makes the container could not tell anybody that it waits for its own answer.
    if (names.includes('write')) report(`${field}.action`, 'must not be SCMP_ACT_NOTIFY for write');
  });
  return notifies;
}

function seccomp({ linux }: Document, report: Report): void {
  const seccomp = linux?.seccomp;
  if (!seccomp) return;
  const { defaultAction, defaultErrnoRet, listenerPath, listenerMetadata } = seccomp;
  errnoRet(`${FIELD}.defaultErrnoRet`, defaultAction, defaultErrnoRet, report);
  if (defaultAction === 'SCMP_ACT_NOTIFY')
    report(`${FIELD}.defaultAction`, 'must not be SCMP_ACT_NOTIFY: nothing could run without an answer');
  const notifies = syscalls(seccomp, report);
  if (notifies && !listenerPath) report(`${FIELD}.listenerPath`, 'is missing: SCMP_ACT_NOTIFY needs it');
  if (hasNul(listenerPath)) report(`${FIELD}.listenerPath`, NUL);
  if (listenerMetadata && !listenerPath) report(`${FIELD}.listenerMetadata`, 'needs listenerPath');
}

export const seccompRules: readonly Rule[] = [seccomp];
