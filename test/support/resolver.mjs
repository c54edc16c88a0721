/** Finds the `.ts` that an import of our own `.js` means. Packages are left alone. */
export function sync(specifier, options) {
  const own =
    specifier.startsWith('.') && specifier.endsWith('.js') && !options.basedir.includes('/node_modules/');
  if (!own) return options.defaultResolver(specifier, options);
  try {
    return options.defaultResolver(`${specifier.slice(0, -'.js'.length)}.ts`, options);
  } catch {
    return options.defaultResolver(specifier, options);
  }
}
