import { within } from '../errors.ts';
import { type CapabilityMasks, layOutCapset } from './capability.ts';
import { ffi } from './ffi.ts';
import { Memory } from './memory.ts';
import { allowCapset, encodeFilter, layOutFilter } from './seccomp.ts';
import { rawCall, syscall, syscallError, trySyscall } from './syscall.ts';
import { syscallNumber } from './syscall-numbers.ts';

const NOWHERE = 8n;

/** A seccomp filter to load before execve. */
export interface FilterToLoad {
  /** BPF instructions as seccomp(2) takes them, and its flags. */
  program: Uint8Array;
  flags: number;
  /** To set once it is loaded, which may take a capability that the program is not to have. */
  capabilities: CapabilityMasks | undefined;
}

export interface ExecPlan {
  path: string;
  argv: readonly string[];
  env: readonly string[];
  filter: FilterToLoad | undefined;
}

/**
 * Prepares the replacement of this process by a program: all memory is taken now, since resource limits may
 * refuse it later. The function returned does it, and returns only by throwing.
 */
export function prepareExec({ path, argv, env, filter }: ExecPlan): () => never {
  const bytes = [path, ...argv, ...env].reduce((sum, text) => sum + 3 * text.length + 80, 4096);
  const memory = new Memory(bytes);
  const [pathAddress, argvAddress, envAddress] = [
    memory.string(path),
    memory.vector(argv),
    memory.vector(env),
  ];
  const execute = (): never => {
    throw syscallError('execve', -trySyscall('execve', pathAddress, argvAddress, envAddress), path);
  };
  if (filter === undefined) return execute;
  const load = prepareFilter(filter);
  return () => {
    load();
    return execute();
  };
}

/**
 * From the first system call on nothing may be allowed but execve: there is no other one until then, not even by the
 * engine, which has no reason for any while nothing is allocated.
 */
function prepareFilter({ program, flags, capabilities }: FilterToLoad): () => void {
  const call = rawCall();
  const { koffi } = ffi();
  const capset = capabilities && layOutCapset(capabilities);
  const allow = capset ? encodeFilter(allowCapset(...capset)) : new Uint8Array();
  const filter = layOutFilter([allow, program], flags);
  const [seccompNumber, capsetNumber] = [syscallNumber('seccomp'), syscallNumber('capset')];
  return () => {
    if (call(seccompNumber, ...filter, 0, 0, 0) !== 0) fail('linux.seccomp: load the filter', 'seccomp');
    if (capset !== undefined && call(capsetNumber, ...capset, 0, 0, 0, 0) !== 0)
      fail('process.capabilities: set', 'capset');
  };

  function fail(action: string, name: 'seccomp' | 'capset'): never {
    const error = syscallError(name, koffi.errno());
    return within(
      action,
      () => {
        throw error;
      },
      { code: 'SECCOMP_LOAD' },
    );
  }
}

/** As exitNow, even where a filter forbids to exit: an access to an address that is none ends it too. */
export function exitSurely(status: number): never {
  trySyscall('exit_group', status);
  for (;;) new Uint8Array(ffi().koffi.view(NOWHERE, 1)).fill(0);
}

/** Ends this process at once. Everything has been written: the engine's own farewell takes half a millisecond. */
export function exitNow(status: number): void {
  syscall('exit_group', status);
}
