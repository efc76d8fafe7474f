import { type Criu, CriuWorker } from '../../checkpoint/criu.ts';
import type { Fd } from '../../linux/fd.ts';
import { inOwnMounts } from '../../linux/namespace.ts';
import type { MountStep } from '../../rootfs/mount-plan.ts';
import type { Spec } from '../../spec/config.ts';
import { rootfsPath } from '../../spec/query.ts';
import type { RestoreOptions } from '../options.ts';
import { openForCriu } from './for-criu.ts';
import { mountRootForCriu } from './restore-root.ts';

/** criu, before it gets its request, and the directories that it is to use. */
export interface StartedCriu extends Disposable {
  worker: CriuWorker;
  images: Fd;
  work: Fd | undefined;
}

/**
 * Starts criu in a mount namespace of its own, in which `root` is the rootfs, and which ends with it. Its directories have
 * to be opened in there: it mounts below them.
 */
export function startCriu(
  { bundle, imagePath, workPath }: RestoreOptions,
  { spec, steps, criu }: { spec: Spec; steps: readonly MountStep[]; criu: Criu },
  { root, inherited }: { root: string; inherited: readonly { fd: Fd }[] },
): StartedCriu {
  return inOwnMounts(() => {
    const images = openForCriu('--image-path', imagePath);
    const work = workPath === undefined ? undefined : openForCriu('--work-path', workPath);
    mountRootForCriu(rootfsPath(spec, bundle), root, steps);
    const worker = new CriuWorker(criu, {
      hasStreams: true,
      inherited: inherited.map(({ fd }) => fd),
      noNewPrivileges: spec.process.noNewPrivileges === true,
    });
    const dispose = (): void => {
      worker[Symbol.dispose]();
      for (const fd of [images, work]) fd?.close();
    };
    return { worker, images, work, [Symbol.dispose]: dispose };
  });
}
