// Runs on the host and in the container's namespaces.
import { RuntimeError } from '../errors.ts';

/** Runs `action`; a failure with one of these errnos says what to do about it. */
export function withHint<T>(hints: Readonly<Record<string, string>>, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const hint = error instanceof RuntimeError ? hints[error.errno ?? ''] : undefined;
    if (hint === undefined) throw error;
    const { message, details } = (error as RuntimeError).toPlain();
    throw new RuntimeError(message, { ...details, hint }, error);
  }
}
