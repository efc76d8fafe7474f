import { RuntimeError } from '../errors.ts';
import { EPERM } from './errno.ts';
import { Fd } from './fd.ts';
import { syscall, trySyscall } from './syscall.ts';

const names = [
  'HUP',
  'INT',
  'QUIT',
  'ILL',
  'TRAP',
  'ABRT',
  'BUS',
  'FPE',
  'KILL',
  'USR1',
  'SEGV',
  'USR2',
  'PIPE',
  'ALRM',
  'TERM',
  'STKFLT',
  'CHLD',
  'CONT',
  'STOP',
  'TSTP',
  'TTIN',
  'TTOU',
  'URG',
  'XCPU',
  'XFSZ',
  'VTALRM',
  'PROF',
  'WINCH',
  'IO',
  'PWR',
  'SYS',
];
const aliases: Record<string, string> = { IOT: 'ABRT', CLD: 'CHLD', POLL: 'IO' };

export const SIGKILL = 9;
export const SIGPIPE = 13;
export const SIGSYS = 31;
const SIGNAL_MAX = 64;

/** Names as signalNumber takes them, without those of real-time signals. */
export function signalNames(): readonly string[] {
  return names;
}

/** The number of a signal given as name (with or without SIG, any case) or number; undefined if unknown. */
export function signalNumber(text: string): number | undefined {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    return number >= 0 && number <= SIGNAL_MAX ? number : undefined;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const realTime = /^RTM(?:IN(?:\+(\d+))?|AX(?:-(\d+))?)$/.exec(name);
  if (realTime !== null) {
    const number = name.startsWith('RTMIN') ? 34 + Number(realTime[1] ?? 0) : 64 - Number(realTime[2] ?? 0);
    return number >= 34 && number <= SIGNAL_MAX ? number : undefined;
  }
  const index = names.indexOf(aliases[name] ?? name);
  return index < 0 ? undefined : index + 1;
}

/** A descriptor of a process, which never comes to mean another one. */
export function openPidfd(pid: number): Fd | undefined {
  const number = trySyscall('pidfd_open', pid, 0);
  return number < 0 ? undefined : new Fd(number);
}

/** One more descriptor of a file that another process has open under `number`, close-on-exec (Linux 5.6). */
export function takeFd(pidfd: Fd, number: number): Fd {
  return new Fd(syscall('pidfd_getfd', pidfd.number, number, 0));
}

/** Sends a signal through a pidfd; false when the process has ended. */
export function signalPidfd(pidfd: Fd, signal: number): boolean {
  const result = trySyscall('pidfd_send_signal', pidfd.number, signal, 0, 0);
  if (result === -EPERM)
    throw new RuntimeError(`signal ${signal}: operation not permitted`, { code: 'SYSCALL', errno: 'EPERM' });
  return result >= 0;
}

const SIG_SETMASK = 2;
export const MASK_BYTES = 8;

/** Replaces the calling thread's signal mask (8 bytes, bit n-1 for signal n); returns the old one. */
export function setSignalMask(mask: Uint8Array): Uint8Array {
  const old = new Uint8Array(MASK_BYTES);
  syscall('rt_sigprocmask', SIG_SETMASK, mask, old, MASK_BYTES);
  return old;
}

export const ALL_SIGNALS = new Uint8Array(MASK_BYTES).fill(0xff);
export const NO_SIGNALS = new Uint8Array(MASK_BYTES);

const ACTION_BYTES = 32;
const DEFAULT_ACTION = 0n;
const IGNORE = 1n;

/** The signals that are caught or ignored by this process: what a child has, and the ignored ones a program too. */
export function changedSignals(): number[] {
  const action = new BigUint64Array(ACTION_BYTES / 8);
  const bytes = new Uint8Array(action.buffer);
  const changed: number[] = [];
  for (let signal = 1; signal <= SIGNAL_MAX; signal++) {
    const known = trySyscall('rt_sigaction', signal, 0, bytes, MASK_BYTES) >= 0;
    if (known && action[0] !== DEFAULT_ACTION) changed.push(signal);
  }
  return changed;
}

/** Ignores a signal, or gives it its default action. */
export function ignoreSignal(signal: number, on: boolean): void {
  const action = new BigUint64Array(ACTION_BYTES / 8);
  if (on) action[0] = IGNORE;
  syscall('rt_sigaction', signal, new Uint8Array(action.buffer), 0, MASK_BYTES);
}

/**
 * Gives every signal its default action and unblocks it: ignored signals and the mask survive execve,
 * and engines ignore SIGPIPE and SIGXFSZ.
 */
export function resetSignals(): void {
  const defaultAction = new Uint8Array(ACTION_BYTES);
  for (let signal = 1; signal <= SIGNAL_MAX; signal++) {
    trySyscall('rt_sigaction', signal, defaultAction, 0, MASK_BYTES);
  }
  setSignalMask(NO_SIGNALS);
}
