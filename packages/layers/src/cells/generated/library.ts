// Made from the files of packages/layers/cells by `npm run reference`. Do not edit.

/** The documents of the library, as they are in their files; read with the schema when a model uses them. */
export const libraryDocuments: Readonly<Record<string, unknown>> = {};
