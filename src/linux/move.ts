import { CLONE_PARENT, CLONE_PARENT_SETTID, CLONE_VM, flagsOf, SIGCHLD } from './clone.ts';
import { exitNow } from './exec.ts';
import type { Fd } from './fd.ts';
import { Memory } from './memory.ts';
import { CLONE_NEW, joinNamespace, type NamespaceKind } from './namespace.ts';
import { setDumpable } from './prctl.ts';
import { syscall, trySyscall } from './syscall.ts';

/** Where to: a user namespace, if that is another one, and other namespaces to join and to make from inside it. */
export interface Destination {
  user: Fd | undefined;
  join: readonly { kind: NamespaceKind; fd: Fd }[];
  fresh: readonly NamespaceKind[];
  /** As whom this process goes on there. */
  as: { uid: number; gid: number };
}

/**
 * Goes on as a new process in other namespaces, whose parent is that of this one, which ends. Returns its pid, as it is in the
 * pid namespace that was left. Those who live in that one's do not see it before it is in all of them.
 *
 * Nobody in the user namespace can trace it or read its memory, whoever may read the executable: for the kernel, memory is of
 * the user namespace in which its program was executed (mm->user_ns), and that was another one. Source: ptrace(2).
 *
 * Engines survive no fork. But a process that has a single thread finds everything in the copy.
 */
export function moveInto({ user, join, fresh, as }: Destination): number {
  setDumpable(false);
  // The kernel refuses it to who has threads. Source: unshare(2).
  syscall('unshare', CLONE_VM);
  if (user === undefined) for (const { kind, fd } of join) joinNamespace(fd, kind);
  else joinWithUser(user, join, as);
  // Shared by the two: it is there before either of them goes on.
  const memory = new Memory(64);
  const pid = memory.take(8);
  const flags = flagsOf(fresh) | SIGCHLD | CLONE_PARENT | CLONE_PARENT_SETTID;
  if (syscall('clone', flags, 0, pid, 0, 0) > 0) exitNow(0);
  return memory.getInt(pid);
}

/**
 * From outside the user namespace first, where the privileges of this process count, then from inside it, where only its own
 * do: one of the two may fail, so that the caller has to check where it is.
 */
function joinWithUser(user: Fd, join: Destination['join'], as: Destination['as']): void {
  const joinOthers = () => {
    for (const { kind, fd } of join) trySyscall('setns', fd.number, CLONE_NEW[kind]);
  };
  joinOthers();
  syscall('setns', user.number, CLONE_NEW.user);
  joinOthers();
  trySyscall('setresgid', as.gid, as.gid, as.gid);
  trySyscall('setresuid', as.uid, as.uid, as.uid);
}
