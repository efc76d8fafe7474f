import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type CallOptions, CGROUP, call, Daemon, makeImage, RUNTIME, type Said, shell } from './lab.ts';
import { newId, temp } from './sandbox.ts';

/** A client that is used as Docker's is, and the image `bb` for it. */
export class Engine {
  constructor(
    readonly name: 'docker' | 'podman',
    readonly argv: readonly string[],
    readonly env: Record<string, string> = {},
    /** For whatever makes a container. */
    readonly flags: readonly string[] = [],
  ) {}

  /** Runs the client; throws unless the exit status is 0, or `options.status`. */
  call(args: string[], options: CallOptions = {}): Said {
    const [program = '', ...rest] = this.argv;
    return call(program, [...rest, ...args], { ...options, env: { ...this.env, ...options.env } });
  }

  /** What the client prints, without the last newline. */
  says(...args: string[]): string {
    return this.call(args).stdout.trimEnd();
  }

  /** A container in the foreground that is removed at its end. */
  run(flags: string[], command: string[], options: CallOptions = {}): Said {
    return this.call(['run', '--rm', ...this.flags, ...flags, 'bb', ...command], options);
  }

  /** What a script prints in such a container. */
  inside(flags: string[], script: string): string {
    return this.run(flags, ['sh', '-c', script]).stdout.trimEnd();
  }

  /** A container in the background, which ends with 3 on SIGTERM unless `script` is another one; its name. */
  up(t: Test, flags: string[] = [], script = 'trap "exit 3" TERM; sleep 1000 & wait'): string {
    const name = newId();
    t.teardown(() => this.remove(name));
    this.call(['run', '-d', '--name', name, ...this.flags, ...flags, 'bb', 'sh', '-c', script]);
    return name;
  }

  /** What a script prints that is executed in a container. */
  exec(name: string, script: string, flags: string[] = []): string {
    return this.says('exec', ...flags, name, 'sh', '-c', script);
  }

  inspect(name: string, field: string): string {
    return this.says('inspect', '-f', `{{.${field}}}`, name);
  }

  /** The container and its volumes, at once and whatever it is doing. */
  remove(name: string): void {
    const flags = this.name === 'podman' ? ['-t', '0'] : [];
    this.call(['rm', '-f', '-v', ...flags, name], { status: null });
  }

  /** Imports an image with this command. */
  import(rootfs: string, image = 'bb', command = ['sh']): this {
    const set = `--change 'CMD ${JSON.stringify(command)}'`;
    shell(`tar -C ${rootfs} -c . | ${this.argv.join(' ')} import ${set} - ${image}`, { env: this.env });
    return this;
  }
}

/** Docker Engine with the runtime under test as its default; further options are dockerd's. */
export function startDocker(...options: string[]): { docker: Engine; daemon: Daemon } {
  const name = newId();
  const env = {
    DOCKER_HOST: `unix://${temp}/${name}.sock`,
    DOCKER_CONFIG: join(temp, `${name}-config`),
    DOCKER_BUILDKIT: '0',
  };
  const data = ['--data-root', join(temp, name), '--pidfile', join(temp, `${name}.pid`)];
  const settings = ['--config-file', join(temp, `${name}.json`)];
  // Docker before 28 gives itself a score that takes CAP_SYS_RESOURCE, and has an option for it.
  if (shell('dockerd --help').includes('--oom-score-adjust')) settings.push('--oom-score-adjust', '0');
  const config = { runtimes: { tested: { path: RUNTIME } }, 'default-runtime': 'tested' };
  writeFileSync(join(temp, `${name}.json`), JSON.stringify(config));
  const networks = ['--bip', '10.91.0.1/24', '--default-address-pool', 'base=10.92.0.0/16,size=24'];
  const place = ['--host', env.DOCKER_HOST, '--cgroup-parent', CGROUP];
  const all = [...place, ...data, ...settings, ...networks, ...options];
  const daemon = new Daemon(name, 'dockerd', all);
  const docker = new Engine('docker', ['docker'], env);
  daemon.waitFor('docker', '--host', env.DOCKER_HOST, 'version');
  return { docker: docker.import(makeImage()), daemon };
}

/** Podman 5 says on each call what it thinks of cgroup v1. */
export const QUIET = { PODMAN_IGNORE_CGROUPSV1_WARNING: '1' };

/** Podman with the runtime under test; with systemd it makes its cgroups where it always does. */
export function setUpPodman(manager: 'cgroupfs' | 'systemd' = 'cgroupfs'): Engine {
  const [settings, storage] = [join(temp, 'containers.conf'), join(temp, 'storage.conf')];
  writeFileSync(
    settings,
    `[containers]
log_driver = "k8s-file"
[engine]
cgroup_manager = "${manager}"
events_logger = "file"
infra_image = "localhost/pause"
tmp_dir = "/run/libpod"
runtime = "tested"
runtime_supports_json = ["tested"]
runtime_supports_nocgroups = ["tested"]
runtime_supports_nocgroup = ["tested"] # so in Podman 4.3
[engine.runtimes]
tested = ["${RUNTIME}"]
[network]
network_config_dir = "${temp}/networks"
`,
  );
  writeFileSync(
    storage,
    `[storage]
driver = "overlay"
graphroot = "${temp}/podman"
runroot = "/run/containers"
`,
  );
  const env = { CONTAINERS_CONF: settings, CONTAINERS_STORAGE_CONF: storage, ...QUIET };
  const flags = manager === 'cgroupfs' ? ['--cgroup-parent', CGROUP] : [];
  const podman = new Engine('podman', ['podman'], env, flags);
  // The first container of a pod.
  podman.import(makeImage(), 'pause', ['sleep', '100000']);
  return podman.import(makeImage());
}
