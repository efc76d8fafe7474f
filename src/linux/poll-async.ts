import { type PollEntry, polledEvents, pollTable, pollTimeout } from './poll.ts';
import { rawCall } from './syscall.ts';
import { syscallNumber } from './syscall-numbers.ts';

/** As pollEvents, while the event loop goes on. */
export async function pollAsync(entries: readonly PollEntry[], milliseconds?: number): Promise<number[]> {
  const table = pollTable(entries);
  const bytes = new Uint8Array(table.buffer);
  const timeout = pollTimeout(milliseconds);
  // When a signal interrupts it nothing has happened, which the caller sees for himself.
  await new Promise<void>((resolve, reject) => {
    rawCall().async(
      syscallNumber('ppoll'),
      bytes,
      entries.length,
      timeout,
      0,
      0,
      0,
      (error: Error | null) => {
        if (error) reject(error);
        else resolve();
      },
    );
  });
  return polledEvents(table, entries.length);
}
