import { Memory } from './memory.ts';
import { resetSignals } from './signal.ts';
import { syscall } from './syscall.ts';

/** Replaces this process by a program; returns only by throwing. Signals are as a fresh process has them. */
export function execute(path: string, argv: readonly string[], env: readonly string[]): never {
  const bytes = [path, ...argv, ...env].reduce((sum, text) => sum + 3 * text.length + 80, 4096);
  const memory = new Memory(bytes);
  const [argvAddress, envAddress] = [memory.vector(argv), memory.vector(env)];
  resetSignals();
  syscall('execve', path, argvAddress, envAddress);
  throw new Error('execve returned');
}
