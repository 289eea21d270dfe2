// Copyright (c) 2026, The mongodb_ops.legacy_backup authors
// SPDX-License-Identifier: GPL-3.0-or-later

"use strict";
const js = require("@eslint/js");

module.exports = [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2020, sourceType: "script", globals: { document: "readonly" } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "curly": "error",
      "eqeqeq": "error",
      "no-shadow": "error",
      "no-var": "error",
      "prefer-const": "error",
      "strict": ["error", "global"],
    },
  },
];
