import { Memory } from './memory.ts';
import { resetSignals } from './signal.ts';
import { syscall } from './syscall.ts';

/**
 * Prepares the replacement of this process by a program: all memory is taken now, since resource limits may
 * refuse it later. The function returned does it, and returns only by throwing. Signals are then as a fresh
 * process has them.
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
    resetSignals();
    syscall('execve', pathAddress, argvAddress, envAddress);
    throw new Error('execve returned');
  };
}
