import tseslint from 'typescript-eslint';

const typescript = ['**/*.ts', '**/*.mts'];

/** What the house's style asks for and no rule of its own covers. */
const forbiddenSyntax = {
  defaultExport: {
    selector: 'ExportDefaultDeclaration',
    message: 'Export by name: an import then says what it gets.',
  },
  laundering: {
    selector: 'TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]',
    message: 'A cast by way of unknown says nothing that the compiler could check.',
  },
};

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', '.chimera/', 'load-report/'] },
  {
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-console': 'off',
      'no-constant-binary-expression': 'error',
      'no-constant-condition': ['error', { checkLoops: 'allExceptWhileTrue' }],
      'no-control-regex': 'error',
      'no-dupe-else-if': 'error',
      'no-duplicate-imports': ['error', { allowSeparateTypeImports: true }],
      'no-empty': 'error',
      'no-fallthrough': 'error',
      'no-misleading-character-class': 'error',
      'no-self-compare': 'error',
      'no-unmodified-loop-condition': 'error',
      'no-unsafe-finally': 'error',
      'no-useless-escape': 'error',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      'no-restricted-syntax': ['error', forbiddenSyntax.defaultExport, forbiddenSyntax.laundering],
    },
  },
  {
    files: typescript,
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Nest's modules are classes with nothing but a decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // A function that passes on what another does may pass on that it answers nothing.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Options are object literals, also where a library declares them as a class.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // JSON's own types are recursive, which neither an interface nor a Record can say.
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      // It asks for the `!` that another rule forbids.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // To spread a string is how its code points are had.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    // Where the tool that reads the file demands a default export.
    files: [
      '*.config.js',
      '.dependency-cruiser.mjs',
      'test/support/global-*.mjs',
      'test/support/longest-first.mjs',
    ],
    rules: { 'no-restricted-syntax': ['error', forbiddenSyntax.laundering] },
  },
);
