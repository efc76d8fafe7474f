import { rawCall } from './syscall.ts';
import { syscallNumber } from './syscall-numbers.ts';
import { exitStatus } from './wait.ts';

const ANY_CHILD = -1;

/** Waits, while the event loop goes on, for the end of whichever child is the first. */
export async function waitForAnyExit(): Promise<{ pid: number; status: number }> {
  const status = new Int32Array(1);
  const pid = await new Promise<number>((resolve, reject) => {
    const bytes = new Uint8Array(status.buffer);
    rawCall().async(
      syscallNumber('wait4'),
      ANY_CHILD,
      bytes,
      0,
      0,
      0,
      0,
      (error: Error | null, result: number) => {
        if (error) reject(error);
        else resolve(result);
      },
    );
  });
  return { pid, status: exitStatus(status[0] as number) };
}
