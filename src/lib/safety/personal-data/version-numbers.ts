/** What introduces a version or the number of a part of a document, and no address. */
const introduced = new RegExp(
  [
    String.raw`(?<![\p{L}\p{N}])v(?:er(?:s(?:ion(?:s| is|s are| number)?)?)?\.?)?["')]?[ :=("'v]{0,3}`,
    String.raw`(?<![\p{L}\p{N}])(?:release|build|firmware|driver|hotfix|patch|tag|sdk|update|oid)s?[ :#]{0,2}`,
    String.raw`(?<![\p{L}\p{N}])(?:section|chapter|clause|paragraph|step|table|figure|appendix|item|article|rule)s? ?`,
    String.raw`(?<![\p{L}\p{N}])(?:up|down)grad(?:e|ed|ing|es)(?: \p{L}{1,16})? (?:from|to) ?`,
    String.raw`(?:[=<>~!]=|~>|\^|§) ?`,
  ]
    .map((form) => `(?:${form})$`)
    .join('|'),
  'u',
);
const longestIntroduction = 48;

/** What joins a version to one before it. */
const joined = /^(?:,? (?:and|or|to|through|until) (?:to )?|, |[ ]?(?:->|→|–|-|\.\.) ?)$/u;

/** How a file goes on whose name has a version: `driver-4.2.0.1.jar`. */
const ofFile = /^\.(?:jar|tar|tgz|zip|gz|exe|msi|dll|so|rpm|deb|whl|pkg|dmg|apk|nupkg)(?![\p{L}\p{N}])/u;

/**
 * Whether four numbers with dots are a version or the number of a part of a document, by what stands around them.
 *
 * @param versionEnd where the version before it ends, or less than 0.
 */
export function isVersionAt(folded: string, start: number, end: number, versionEnd: number): boolean {
  if (introduced.test(folded.slice(Math.max(0, start - longestIntroduction), start))) return true;
  if (versionEnd >= 0 && start - versionEnd <= 16 && joined.test(folded.slice(versionEnd, start)))
    return true;
  return ofFile.test(folded.slice(end, end + 8));
}
