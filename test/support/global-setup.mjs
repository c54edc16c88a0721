import './typescript.mjs';

export default async function globalSetup() {
  const { startSharedServers } = await import('./shared-servers.ts');
  await startSharedServers();
}
