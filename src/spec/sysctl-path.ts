/**
 * The path of a sysctl below /proc/sys. Both spellings of sysctl.d(5) are read: the first separator of a
 * name, `.` or `/`, is the one between its components, and the other character stands for it inside of one:
 * `net.ipv4.conf.eth0/1.rp_filter` and `net/ipv4/conf/eth0.1/rp_filter` are the same.
 */
export function sysctlPath(name: string): string {
  const dot = name.indexOf('.');
  const slash = name.indexOf('/');
  if (dot < 0 || (slash >= 0 && slash < dot)) return name;
  let path = '';
  for (const part of name.split('/')) path += (path && '.') + part.replaceAll('.', '/');
  return path;
}
