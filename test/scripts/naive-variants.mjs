/**
 * What a runtime would be that does not care: one property after the other is taken out of a copy of src/, and the tests in
 * test/security/ must see it. `changes` are [file, what is there, what comes in its place]; `tests` are the files and, by a
 * part of their names, the tests in them that must fail. There is no such switch in the program itself.
 */

// As a string below the rootfs: every link on the way is followed, with the root directory of whoever walks.
const AS_TEXT =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code
  'const text = `/proc/self/fd/${root.number}/${Buffer.from(path).toString()}`.replace(/\\0$/, ""); ' +
  "return trySyscall('openat', AT_FDCWD, text, (flags & ~O_NOFOLLOW) | O_CLOEXEC, mode);";

const PATHS = [
  ['src/linux/path.ts', 'return openWith(root, path, { flags, mode, resolve });', AS_TEXT],
  ['src/linux/path.ts', 'const resolve = RESOLVE_IN_ROOT |', 'const _resolve = RESOLVE_IN_ROOT |'],
];

export const VARIANTS = {
  paths: {
    says: 'paths below the rootfs are walked as text',
    changes: PATHS,
    tests: {
      'test/security/rootfs-races.ts': [
        'a filesystem in a new directory',
        'a directory bound',
        'a file bound',
        'a device below it',
      ],
      'test/security/dev-races.ts': ['nodes and links'],
      'test/security/kernel-views.ts': ['in the place of /proc', 'in the place of /sys'],
      'test/security/cve-2026-88264.ts': ['a link in place of /dev/console', '/dev itself is a link'],
      'test/security/cve-2024-21626.ts': ['a working directory by way of a descriptor'],
      'test/security/exec.ts': ['CVE-2024-21626'],
      'test/integration/devices.ts': ['/dev of the image leads out of it'],
    },
  },
  'own program': {
    says: 'init is executed from the file itself',
    changes: [
      [
        'src/container/process/own-program.ts',
        "attempt('an overlay', () => overlaid(file, addon)) ??",
        'plain(file, addon) ??',
      ],
    ],
    tests: {
      // The others find the executable spoilt.
      'test/security/cve-2019-5736.ts': ['what is executed as /proc/self/exe'],
    },
  },
  'seen too early': {
    says: 'exec starts init among the processes of the container, with the files of the host',
    changes: [
      [
        'src/container/process/start-init.ts',
        'const entersWhole = isCompiled && joinsAll(plan) && isHostRoot();',
        'const entersWhole = false as boolean;',
      ],
    ],
    tests: { 'test/security/exec.ts': ['nor with CAP_SYS_PTRACE'] },
  },
  'open to tracers': {
    says: 'init may be traced and looked at',
    mode: 0o755,
    changes: [
      [
        'src/linux/prctl.ts',
        'export const setDumpable = (on: boolean): number => prctl(PR_SET_DUMPABLE, on ? 1 : 0);',
        'export const setDumpable = (_on: boolean): number => prctl(PR_SET_DUMPABLE, 1);',
      ],
    ],
    tests: {
      'test/security/cve-2016-9962.ts': ['can be traced by nobody'],
      'test/security/exec.ts': ['CVE-2016-9962'],
    },
  },
  'null device': {
    says: "the image's /dev/null is what masks, and what streams become, whatever it is",
    changes: [
      ...PATHS,
      [
        'src/rootfs/devices.ts',
        'if (!isNode(entryStatus(directory, node.name), node)) throw notTheNode();',
        '',
      ],
      [
        'src/init/create.ts',
        'if (!hasMounts) chrootInto(root);',
        'settleStreams(request, { root, proc }, host); if (!hasMounts) chrootInto(root);',
      ],
      [
        'src/init/create.ts',
        'maskPaths({ root, mounts }, spec.linux ?? {}, hostNull);',
        "maskPaths({ root, mounts }, spec.linux ?? {}, spec.linux?.maskedPaths?.length ? cloneMount('/dev/null', false) : hostNull);",
      ],
      [
        'src/linux/stat.ts',
        'kindOf(status) === FILE_KIND.character && status.major === 1 && status.minor === 3;',
        'kindOf(status) >= 0;',
      ],
    ],
    tests: {
      'test/security/masked-paths.ts': [
        'what an image has as /dev/null',
        'a /dev/null that comes and goes',
        'the standard streams',
      ],
    },
  },
  'volumes over /proc': {
    says: 'anything may be mounted on and below /proc, and is written to',
    changes: [
      [
        'src/rootfs/attach.ts',
        "if (step.type !== 'proc' && isInProc(target)",
        'if (false && isInProc(target)',
      ],
      [
        'src/rootfs/attach.ts',
        "if (step.destination === '/proc' && !isProcRoot(mounted))",
        'if (false && !isProcRoot(mounted))',
      ],
      ['src/init/create.ts', 'setSysctls(proc,', "setSysctls(openPath('/proc', 0o10000000),"],
      [
        'src/init/create.ts',
        'import { setDumpable }',
        "import { openPath } from '../linux/path.ts';\nimport { setDumpable }",
      ],
      ['src/linux/path.ts', 'RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS', '0'],
    ],
    tests: {
      'test/security/kernel-views.ts': ['values for the kernel', 'that has no /proc at all'],
    },
  },
  descriptors: {
    says: 'descriptors that are open stay open',
    changes: [
      [
        'src/process/descriptors.ts',
        'closeOnExecFrom(FIRST);',
        'for (let number = FIRST; number < 64; number++) setCloseOnExec(number, false);',
      ],
      [
        'src/process/descriptors.ts',
        'const target = targetOf(number);',
        'if (number > 0) continue; const target = targetOf(number);',
      ],
    ],
    tests: {
      'test/security/cve-2024-21626.ts': ['nothing is open in the program', 'that the caller has promised'],
      'test/integration/fd-leak.ts': [''],
    },
  },
  capabilities: {
    says: 'what a program may have at most is inheritable',
    changes: [
      [
        'src/process/capabilities.ts',
        'inheritable: mask(capabilities.inheritable),',
        'inheritable: mask(capabilities.bounding),',
      ],
    ],
    tests: {
      'test/security/numbers.ts': ['nothing is inheritable'],
      'test/security/exec.ts': ['CVE-2022-29162'],
    },
  },
  numbers: {
    says: 'numbers are read as JavaScript reads them, and are cut to 32 bits',
    changes: [
      [
        'src/cli/exec-user.ts',
        'if (/^(?:0|[1-9]\\d{0,9})$/.test(text) && Number(text) <= MAX_ID) return Number(text);',
        'if (MAX_ID > 0) return (Number(text) || 0) >>> 0;',
      ],
      [
        'schemas/config.json',
        '"Id": { "type": "integer", "minimum": 0, "maximum": 4294967294 }',
        '"Id": { "type": "integer" }',
      ],
    ],
    tests: {
      'test/security/exec.ts': ['CVE-2026-30892'],
      'test/security/numbers.ts': ['users that wrap around'],
    },
  },
  'cgroups of the host': {
    says: 'cgroups are mounted to be written to',
    changes: [
      [
        'src/rootfs/cgroup-mount.ts',
        'const attributes = attributesOf(step);',
        'const attributes = attributesOf(step) & ~MOUNT_ATTR.RDONLY;',
      ],
    ],
    tests: {
      'test/security/cgroups.ts': ['with read-only cgroups', 'nor can it be made writable'],
    },
  },
  volumes: {
    says: 'nodes and links are made wherever /dev leads to',
    changes: [
      ['src/rootfs/resolve.ts', 'if (own.has(mountIdOf(fd))) return fd;', 'if (own.size >= 0) return fd;'],
    ],
    tests: {
      'test/security/volume-links.ts': ['with a filesystem on /dev', 'without one', 'with a terminal'],
    },
  },
  owners: {
    says: 'a device is given away by its name',
    changes: [
      [
        'src/rootfs/devices.ts',
        'changeOwnerOf(made, uid, gid);',
        'changeOwnerAt(directory, node.name, uid, gid);',
      ],
      ['src/rootfs/devices.ts', 'if (!isNode(statusOf(made), node)) throw notTheNode();', ''],
      ['src/rootfs/devices.ts', '  changeOwnerOf,', '  changeOwnerAt,'],
    ],
    tests: { 'test/security/rootfs-races.ts': ['the owner of a device'] },
  },
  masks: {
    says: 'masked paths stay peers of the null device of the host',
    changes: [
      ['src/init/create.ts', 'changeMount(hostNull, { set: 0, clear: 0, propagation: MS_PRIVATE });', ''],
    ],
    tests: { 'test/security/masked-paths.ts': ['what is mounted on a masked path'] },
  },
  'image files': {
    says: 'the passwd file is opened without a look',
    changes: [
      [
        'src/process/env.ts',
        'if (kindOf(status) !== FILE_KIND.regular || size === 0 || size > PASSWD_LIMIT)',
        'if (size > PASSWD_LIMIT)',
      ],
    ],
    tests: { 'test/security/image-files.ts': ['a FIFO as /etc/passwd'] },
  },
};
