import { Memory } from './memory.ts';
import { syscall, syscallError, trySyscall } from './syscall.ts';

/**
 * Prepares the replacement of this process by a program: all memory is taken now, since resource limits may
 * refuse it later. The function returned does it, and returns only by throwing.
 */
export function prepareExec(path: string, argv: readonly string[], env: readonly string[]): () => never {
  const bytes = [path, ...argv, ...env].reduce((sum, text) => sum + 3 * text.length + 80, 4096);
  const memory = new Memory(bytes);
  const [pathAddress, argvAddress, envAddress] = [
    memory.string(path),
    memory.vector(argv),
    memory.vector(env),
  ];
  return () => {
    throw syscallError('execve', -trySyscall('execve', pathAddress, argvAddress, envAddress), path);
  };
}

/** Ends this process at once. Everything has been written: the engine's own farewell takes half a millisecond. */
export function exitNow(status: number): void {
  syscall('exit_group', status);
}
