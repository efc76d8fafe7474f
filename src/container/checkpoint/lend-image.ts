import type { CriuFlags } from '../../checkpoint/options.ts';
import type { Fd } from '../../linux/fd.ts';
import { listBytes } from '../../linux/file.ts';
import {
  changeModeOf,
  changeOwnerAt,
  failedWith,
  linkTargetAt,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  openAt,
} from '../../linux/path.ts';
import { entryStatus, FILE_KIND, type FileStatus, kindOf, mountIdOf, statusOf } from '../../linux/stat.ts';
import { hostId } from '../../namespaces/id-maps.ts';
import type { Spec } from '../../spec/config.ts';
import { namespaceOf } from '../../spec/query.ts';
import { undoAll } from '../undo.ts';
import { openForCriu } from './for-criu.ts';

const ROOT = 0;
/** Permissions as all others have them. A file may be written to where its owner may: --auto-dedup takes pages out of it. */
const READ = 0o004;
const READ_AND_WRITE = 0o006;
const SEARCH = 0o001;
const LIST = READ | SEARCH;
const IMAGE = /^[\w.-]+\.img$/;
/** The link to the image that one adds to. Source: CR_PARENT_LINK in criu's include/image.h. */
const PARENT = 'parent';

/**
 * In a user namespace criu opens images as its root; but the first of them before there are id maps, when it still is the host's.
 * So the directory and the files are root's and of the group of the namespace's root until this is disposed of, and those of the
 * images that it adds to. All of them or, where one cannot be lent, none. Links are left alone, wherever they come from.
 */
export function lendImage(
  { imagePath }: Pick<CriuFlags, 'imagePath'>,
  spec: Pick<Spec, 'linux'>,
): Disposable | undefined {
  if (namespaceOf(spec, 'user') === undefined) return undefined;
  const loan = new Loan(hostId(spec.linux?.gidMappings, 0) ?? 0);
  try {
    loan.lendChain(openForCriu('--image-path', imagePath));
    return loan;
  } catch (error) {
    loan[Symbol.dispose]();
    throw error;
  }
}

/** Files and directories that a group may use, as far as it takes, until it is disposed of; not those that everybody may use so. */
class Loan implements Disposable {
  readonly #undo: (() => void)[] = [];
  /** Directories of images. */
  readonly #lent = new Set<string>();
  readonly #group: number;

  constructor(group: number) {
    this.#group = group;
  }

  /** An image and those that it adds to, one to the other. Descriptors become the loan's own. */
  lendChain(directory: Fd): void {
    this.#own(directory);
    const images = listBytes(directory).filter(({ name }) => IMAGE.test(name));
    const key = `${mountIdOf(directory)} ${statusOf(directory).inode}`;
    // A link can lead anywhere, and round.
    if (images.length === 0 || this.#lent.has(key)) return;
    this.#lent.add(key);
    for (const { name } of images) this.#lendFile(directory, name);
    this.#lendDirectory(directory, LIST);
    const parent = this.#openParent(directory);
    if (parent !== undefined) this.lendChain(parent);
  }

  /** `../NAME`: what is above the image has to be searched too. */
  #openParent(directory: Fd): Fd | undefined {
    const target = linkTargetAt(directory, PARENT);
    if (target === undefined) return undefined;
    let above = directory;
    for (const name of target.split(/\/+/)) {
      if (name !== '..') break;
      above = openAt(above, name, O_RDONLY | O_DIRECTORY);
      this.#own(above);
      this.#lendDirectory(above, SEARCH);
    }
    try {
      return openAt(directory, target, O_RDONLY | O_DIRECTORY);
    } catch (error) {
      // criu goes without it, or says what it lacks.
      if (failedWith(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw error;
    }
  }

  #own(directory: Fd): void {
    this.#undo.push(() => directory.close());
  }

  #lendFile(directory: Fd, name: string): void {
    const file = entryStatus(directory, name);
    if (kindOf(file) !== FILE_KIND.regular || file.links > 1 || file.mode & READ) return;
    this.#lend(directory, name, file, READ_AND_WRITE);
  }

  #lendDirectory(directory: Fd, needed: number): void {
    const status = statusOf(directory);
    if ((status.mode & needed) !== needed) this.#lend(directory, '.', status, needed);
  }

  /** The group comes before its permissions, and goes after them. */
  #lend(directory: Fd, name: string, { uid, gid, mode }: FileStatus, needed: number): void {
    const setOwner = (owner: number, group: number): void => changeOwnerAt(directory, name, owner, group);
    const setMode = (bits: number): void => {
      using file = openAt(directory, name, O_RDONLY | O_NOFOLLOW);
      changeModeOf(file, bits);
    };
    setOwner(ROOT, this.#group);
    this.#undo.push(() => setOwner(uid, gid));
    // No more than the owner may.
    setMode(mode | ((mode >> 3) & (needed << 3)));
    this.#undo.push(() => setMode(mode));
  }

  [Symbol.dispose](): void {
    undoAll(this.#undo);
  }
}
