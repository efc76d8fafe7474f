import type { Notice } from '../../checkpoint/criu.ts';
import { RuntimeError } from '../../errors.ts';
import type { Fd } from '../../linux/fd.ts';
import { inNamespace, openNamespace } from '../../linux/namespace.ts';
import { openNetlink } from '../../linux/netlink.ts';
import { LOOPBACK_INDEX, setLinkUp } from '../../linux/network-interface.ts';
import { openProc } from '../../linux/proc.ts';
import { moveNetDevices, type NetDevices } from '../../namespaces/net-devices.ts';
import { setSysctls } from '../../namespaces/sysctl.ts';
import type { Spec } from '../../spec/config.ts';
import { CREATE_HOOKS } from '../../spec/hook-kinds.ts';
import { hasNew } from '../../spec/query.ts';
import { namespaceTypeOf } from '../../spec/rules/sysctl.ts';
import { sysctlPath } from '../../spec/sysctl-path.ts';
import type { Outlets } from '../caller/outlets.ts';
import { runHostHooks } from '../host-hooks.ts';
import type { ContainerRecord } from '../store.ts';

/** What is done while criu restores a container, at the times of which it tells. */
export class RestoreProgress implements Disposable {
  #devices: NetDevices | undefined;

  /** `arrived` is told the pid of the container's first process as soon as there is one. */
  constructor(
    private readonly spec: Spec,
    private readonly terminal: Outlets['terminal'],
    private readonly arrived: (pid: number) => ContainerRecord,
  ) {}

  answer({ script, pid, fds }: Notice): void {
    if (script === 'setup-namespaces') this.#setUp(this.arrived(pid), pid);
    if (script === 'orphan-pts-master') this.#passTerminal(fds);
  }

  /** The namespaces are there, and nothing of the container runs yet. criu brings back all but the network. */
  #setUp(record: ContainerRecord, pid: number): void {
    const { netDevices = {} } = this.spec.linux ?? {};
    if (hasNew(this.spec, 'network')) setUpNetwork(this.spec, pid);
    if (Object.keys(netDevices).length > 0) this.#devices = moveNetDevices(netDevices, pid);
    runHostHooks(CREATE_HOOKS, record, 'creating');
  }

  #passTerminal([master]: Fd[]): void {
    if (master === undefined) throw new RuntimeError('criu has sent no terminal', { code: 'PROTOCOL' });
    if (this.terminal === undefined) master.close();
    else this.terminal(master);
  }

  /** The container runs. */
  keep(): void {
    this.#devices?.keep();
  }

  [Symbol.dispose](): void {
    this.#devices?.[Symbol.dispose]();
  }
}

function setUpNetwork({ linux }: Spec, pid: number): void {
  using network = openNamespace(`/proc/${pid}/ns/net`);
  using proc = openProc();
  const values = Object.entries(linux?.sysctl ?? {}).filter(([name]) => isAboutNetwork(name));
  inNamespace(network, 'net', '/proc/self/ns/net', () => {
    using socket = openNetlink();
    setLinkUp(socket, LOOPBACK_INDEX);
    setSysctls(proc, Object.fromEntries(values));
  });
}

const isAboutNetwork = (name: string): boolean => namespaceTypeOf(sysctlPath(name)) === 'network';
