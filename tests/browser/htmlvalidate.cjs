// Copyright (c) 2026, The mongodb_ops.legacy_backup authors
// SPDX-License-Identifier: GPL-3.0-or-later

"use strict";

module.exports = {
  root: true,
  extends: ["html-validate:recommended"],
  rules: {
    // Areas that scroll are regions, so that a keyboard reaches them, and lie in a section that has a heading already.
    "prefer-native-element": ["error", { exclude: ["region"] }],
    // The filters act at once: there is nothing to submit.
    "wcag/h32": "off",
  },
};
