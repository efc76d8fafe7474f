import type { Document, Seccomp } from '../config.ts';
import { notifies } from '../query.ts';
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

function seccomp({ linux }: Document, report: Report): void {
  const seccomp = linux?.seccomp;
  if (!seccomp) return;
  const { defaultAction, defaultErrnoRet, listenerPath, listenerMetadata } = seccomp;
  errnoRet(`${FIELD}.defaultErrnoRet`, defaultAction, defaultErrnoRet, report);
  each(seccomp.syscalls, ({ action, errnoRet: value }, index) => {
    errnoRet(`${FIELD}.syscalls[${index}].errnoRet`, action, value, report);
  });
  if (!listenerPath && notifies(seccomp))
    report(`${FIELD}.listenerPath`, 'is missing: SCMP_ACT_NOTIFY needs it');
  if (hasNul(listenerPath)) report(`${FIELD}.listenerPath`, NUL);
  if (listenerMetadata && !listenerPath) report(`${FIELD}.listenerMetadata`, 'needs listenerPath');
}

export const seccompRules: readonly Rule[] = [seccomp];
