import { RuntimeError } from '../../errors.ts';
import { ENOSYS, EPERM } from '../../linux/errno.ts';
import { errnoName } from '../../linux/errno-name.ts';
import type { Fd } from '../../linux/fd.ts';
import { readFile } from '../../linux/file.ts';
import { POLLIN, poll, pollEvents } from '../../linux/poll.ts';
import { pollAsync } from '../../linux/poll-async.ts';
import { SECCOMP_RET } from '../../linux/seccomp.ts';
import {
  answerNotification,
  isWaiting,
  type Notification,
  receiveNotification,
} from '../../linux/seccomp-listener.ts';
import { openPidfd, SIGKILL, SIGSYS, signalPidfd } from '../../linux/signal.ts';
import { syscallName } from '../../linux/syscall-names.ts';
import { SIGNALLED } from '../../linux/wait.ts';
import { log, logOptions } from '../../log.ts';
import { holds } from '../../process/seccomp/decisions.ts';
import { kindOf, planSeccomp, type SeccompPlan } from '../../process/seccomp/plan.ts';
import type { SeccompProgram } from '../../process/seccomp/profile.ts';
import { type WatchedProgram, watched } from '../../process/seccomp/watched.ts';
import type { ExactSeccomp } from '../../spec/exact.ts';
import { notifies } from '../../spec/query.ts';

/** A program may make up numbers of system calls, and ask faster than it is answered: signals are to be handled too. */
const MAX_REFUSALS = 1000;
const AT_ONCE = 64;

/** A system call that was refused, the first time of `count`. */
interface Refusal {
  call: Notification;
  answer: number;
  name: string;
  pid: string;
  count: number;
}

/** Takes note of the system calls that a filter refuses: it is asked about each, and answers as the filter would. */
export class Refusals {
  readonly #plan: SeccompPlan;
  readonly #watched: WatchedProgram;
  readonly #refusals = new Map<string, Refusal>();
  /** Of how many calls no note was taken. */
  #others = 0;
  #listener: Fd | undefined;
  #hasKilledInit = false;

  constructor(seccomp: ExactSeccomp, program: SeccompProgram) {
    this.#plan = planSeccomp(seccomp);
    this.#watched = watched(program);
  }

  /** What is to be loaded. */
  get program(): SeccompProgram {
    return this.#watched.program;
  }

  /** From now on answers; returns when there is something to read from `link`, which is closed by execve. */
  listen(listener: Fd, link: number): void {
    this.#listener = listener;
    for (;;) {
      const [ended, asked] = poll([link, listener.number]);
      if (asked) this.#answerNext(listener);
      if (ended) return;
    }
  }

  /** Answers until `init` has ended. */
  async watch(pid: number): Promise<void> {
    using listener = this.#listener;
    using init = openPidfd(pid);
    if (listener === undefined || init === undefined) return;
    const entries = [listener, init].map(({ number }) => ({ fd: number, events: POLLIN }));
    for (;;) {
      const [asked = 0, ended = 0] = await pollAsync(entries);
      let more = asked;
      for (let count = 0; more & POLLIN && count < AT_ONCE; count += 1) {
        this.#answerNext(listener);
        [more = 0] = pollEvents(entries.slice(0, 1), 0);
      }
      if (ended !== 0) return;
    }
  }

  #answerNext(listener: Fd): void {
    const call = receiveNotification(listener);
    if (call === undefined) return;
    const answer = this.#watched.answer(call);
    this.#note(call, answer);
    if (kindOf(answer) === SECCOMP_RET.errno) answerNotification(listener, call, answer & 0xffff);
    else this.#kill(listener, call);
  }

  #note(call: Notification, answer: number): void {
    const key = `${call.architecture} ${call.number} ${answer}`;
    const known = this.#refusals.get(key);
    if (known !== undefined) known.count += 1;
    else if (this.#refusals.size >= MAX_REFUSALS) this.#others += 1;
    else this.#refusals.set(key, { call, answer, ...processOf(call.pid), count: 1 });
  }

  /** As the kernel would: by SIGSYS, or surely where that would not end it. */
  #kill(listener: Fd, call: Notification): void {
    const { leader, isInit, minds } = statusOf(call.pid);
    using process = openPidfd(leader);
    // If it waits no more it has ended, and the pid may be another's.
    if (process === undefined || !isWaiting(listener, call)) return;
    signalPidfd(process, isInit || minds ? SIGKILL : SIGSYS);
    this.#hasKilledInit ||= isInit;
    answerNotification(listener, call, EPERM);
  }

  /** Tells of what was refused to a program that ended with `status`; returns what that would have been without this. */
  end(status: number): number {
    this.#tell();
    return this.#hasKilledInit && status === SIGNALLED + SIGKILL ? SIGNALLED + SIGSYS : status;
  }

  /** Logs a line for each system call and answer. */
  #tell(): void {
    if (this.#refusals.size === 0) log.info('seccomp: nothing was refused');
    for (const refusal of this.#refusals.values()) {
      const { call, answer, name, pid, count } = refusal;
      const syscall = syscallName(call) ?? 'unknown';
      const [what, how] = answerText(answer);
      const reason = this.#reason(refusal, syscall);
      const times = count === 1 ? 'once, to' : `${count} times, first to`;
      const who = `${JSON.stringify(name)} (pid ${pid} in the container)`;
      const fields = { syscall, answer: what, count: String(count), program: name, reason };
      const isJson = logOptions().format === 'json';
      log.info(
        `seccomp: ${syscall} (${call.number}) was ${how} ${times} ${who}: ${reason}`,
        isJson ? fields : {},
      );
    }
    if (this.#others > 0) log.info(`seccomp: and ${this.#others} more`);
  }

  /** The place in config.json that has decided so. */
  #reason({ call, answer }: Refusal, syscall: string): string {
    const rule = this.#plan.rules.find(
      (each) => each.syscall === syscall && each.action === answer && holds(each, call.args),
    );
    if (rule !== undefined) return rule.field;
    if (answer === this.#plan.defaultAction) return 'linux.seccomp.defaultAction';
    return answer === (SECCOMP_RET.errno | ENOSYS)
      ? 'newer than all that linux.seccomp names'
      : 'of an architecture that linux.seccomp does not name';
  }
}

function answerText(answer: number): [what: string, how: string] {
  if (kindOf(answer) !== SECCOMP_RET.errno) return ['SIGSYS', 'answered by SIGSYS'];
  const errno = answer & 0xffff;
  const name = errnoName(errno);
  const text = name === undefined ? `errno ${errno}` : `${name} (${errno})`;
  return [text, `refused with ${text}`];
}

/** For what `--seccomp-log` asks for, where there is a filter. */
export function openRefusals(
  seccomp: ExactSeccomp | undefined,
  program: SeccompProgram | undefined,
): Refusals | undefined {
  if (seccomp === undefined || program === undefined) {
    log.warning('--seccomp-log: config.json has no linux.seccomp that refuses anything');
    return undefined;
  }
  if (!notifies(seccomp)) return new Refusals(seccomp, program);
  throw new RuntimeError('--seccomp-log: linux.seccomp has SCMP_ACT_NOTIFY', {
    code: 'USAGE',
    field: 'linux.seccomp',
    hint: 'a filter has one listener, and that is its agent',
  });
}

function processOf(pid: number): { name: string; pid: string } {
  const name = read(pid, 'comm').trimEnd();
  return { name, pid: statusField(read(pid, 'status'), 'NSpid').split(/\s/).at(-1) ?? '' };
}

/** The process of a thread: its leader, whether it is the first of its pid namespace, and whether it minds SIGSYS. */
function statusOf(pid: number): { leader: number; isInit: boolean; minds: boolean } {
  const status = read(pid, 'status');
  const groups = statusField(status, 'NStgid').split(/\s/);
  const masks = ['SigBlk', 'SigIgn', 'SigCgt'].map((name) => BigInt(`0x${statusField(status, name) || 0}`));
  return {
    leader: Number(groups[0]),
    isInit: groups.length > 1 && groups.at(-1) === '1',
    minds: masks.some((mask) => (mask >> BigInt(SIGSYS - 1)) & 1n),
  };
}

const statusField = (status: string, name: string): string =>
  new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';

/** A file of /proc; empty when the process has ended. */
function read(pid: number, name: string): string {
  try {
    return readFile(`/proc/${pid}/${name}`);
  } catch {
    return '';
  }
}
