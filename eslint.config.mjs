// Lint rules: type-aware, zero warnings. Rules that only make numeric code longer are off.
import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import ts from "typescript-eslint";

/** Names that the worker library declares globally; meeting one in a library is nearly always a missing variable. */
const accidentalGlobals = ["name", "origin", "location", "status", "close", "event", "length", "parent", "top"];

export default defineConfig(
  { ignores: ["**/.venv", "**/dist/", "**/generated/", "**/fixtures/", "docs/reference/", ".reports/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  ts.configs.recommendedTypeChecked,
  ts.configs.strict,
  {
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: "error",
      // TypeScript reports unknown names, in scripts as well.
      "no-undef": "off",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      // Interfaces use method syntax for its variance, and nothing here uses `this`, so taking a method off is safe.
      "@typescript-eslint/unbound-method": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    // In scripts types are JSDoc casts, which the type check sees and these rules do not.
    files: ["**/*.mjs"],
    rules: {
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  {
    files: ["packages/*/src/**/*.ts"],
    rules: {
      "no-restricted-globals": ["error", ...accidentalGlobals],
      "no-restricted-syntax": [
        "error",
        { selector: "ExportDefaultDeclaration", message: "Name what you export; a default export has no fixed name." },
      ],
    },
  },
);
