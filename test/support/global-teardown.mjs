import './typescript.mjs';

export default async function globalTeardown() {
  const { stopSharedServers } = await import('./shared-servers.ts');
  await stopSharedServers();
}
