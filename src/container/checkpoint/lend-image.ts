import type { CriuFlags } from '../../checkpoint/options.ts';
import { listBytes } from '../../linux/file.ts';
import { changeOwnerAt, changeOwnerOf } from '../../linux/path.ts';
import { entryStatus, FILE_KIND, kindOf, statusOf } from '../../linux/stat.ts';
import { hostId } from '../../namespaces/id-maps.ts';
import type { Spec } from '../../spec/config.ts';
import { namespaceOf } from '../../spec/query.ts';
import { openForCriu } from './for-criu.ts';

const FOR_ALL_TO_READ = 0o004;
const FOR_ALL_TO_SEARCH = 0o001;

/**
 * In a user namespace criu opens images as its root, whose the directory and the files are until this is disposed of. Links are
 * left alone, wherever they come from, and thus other images that this one adds to.
 */
export function lendImage({ imagePath }: Pick<CriuFlags, 'imagePath'>, spec: Spec): Disposable | undefined {
  if (namespaceOf(spec, 'user') === undefined) return undefined;
  const { uidMappings, gidMappings } = spec.linux ?? {};
  // Capabilities in a user namespace are worth nothing where the file's group is not mapped in it.
  const [owner, group] = [hostId(uidMappings, 0) ?? 0, hostId(gidMappings, 0) ?? 0];
  const directory = openForCriu('--image-path', imagePath);
  const undo = [() => directory.close()];
  const { uid, gid, mode } = statusOf(directory);
  for (const { name } of listBytes(directory)) {
    const file = entryStatus(directory, name);
    if (kindOf(file) !== FILE_KIND.regular || file.links > 1 || file.mode & FOR_ALL_TO_READ) continue;
    changeOwnerAt(directory, name, owner, group);
    undo.push(() => changeOwnerAt(directory, name, file.uid, file.gid));
  }
  if (!(mode & FOR_ALL_TO_SEARCH)) {
    changeOwnerOf(directory, owner, group);
    undo.push(() => changeOwnerOf(directory, uid, gid));
  }
  return {
    [Symbol.dispose]: () => {
      for (const step of undo.reverse()) step();
    },
  };
}
