// Pure.
import { type FilesystemParameter, MAX_VALUE_BYTES, MOUNT_ATTR } from '../linux/mount.ts';
import { byteLength } from '../linux/text.ts';
import { attributesOf, type MountStep } from './mount-plan.ts';

/** What is told to a filesystem before it is mounted. `label` is linux.mountLabel. */
export function filesystemParameters(step: MountStep, label: string | undefined): FilesystemParameter[] {
  const source: FilesystemParameter[] = step.source === '' ? [] : [['source', step.source]];
  // A device must not be written to, and may not even be writable: the mount's own attribute comes too late for it.
  const isReadonly = (attributesOf(step) & MOUNT_ATTR.RDONLY) !== 0;
  const readonly: FilesystemParameter[] = isReadonly && step.source.startsWith('/') ? [['ro']] : [];
  const own = step.type === 'overlay' ? step.parameters.flatMap(overlayLayers) : step.parameters;
  return [...source, ...readonly, ...step.flags, ...labelParameter(step, label), ...own];
}

/** What cannot be labelled as a whole: its files have labels of their own, or (mqueue) an attribute is set instead. */
const UNLABELLED = ['proc', 'sysfs', 'mqueue'];
const CONTEXTS = ['context', 'fscontext', 'defcontext', 'rootcontext'];

function labelParameter({ type, parameters }: MountStep, label: string | undefined): FilesystemParameter[] {
  const asked = parameters.some(([name]) => CONTEXTS.includes(name));
  return !label || asked || UNLABELLED.includes(type) ? [] : [['context', label]];
}

/**
 * Layers that are too long in one piece, one by one. Linux 6.8; a data-only layer is behind two colons.
 * Source: "Multiple lower layers" in Documentation/filesystems/overlayfs.rst.
 */
function overlayLayers(parameter: FilesystemParameter): FilesystemParameter[] {
  const [name, value = ''] = parameter;
  if (name !== 'lowerdir' || byteLength(value) <= MAX_VALUE_BYTES) return [parameter];
  return [...value.matchAll(/(:{0,2})((?:\\.|[^:\\])+)/gs)].map(([, colons, path = '']) => [
    colons === '::' ? 'datadir+' : 'lowerdir+',
    path.replaceAll(/\\(.)/gs, '$1'),
  ]);
}
