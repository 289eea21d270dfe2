// Copyright (c) 2026, The mongodb_ops.legacy_backup authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Sorts and filters the table of a page. Without it the page is complete, and the table is in the order of the plan, or
// with the clusters to look at first.
"use strict";
(() => {
  const table = document.querySelector("table.sortable");
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  const rows = Array.from(body.rows);
  const tools = document.getElementById("tools");
  const form = tools.querySelector("form");
  const text = form.querySelector("input");
  const choices = Array.from(form.querySelectorAll("select"));
  const shown = document.getElementById("shown");
  const order = new Map(rows.map((row, place) => [row, place]));
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  function value(row, column) {
    const cell = row.cells[column];
    return cell.dataset.v ?? cell.textContent.trim().toLowerCase();
  }

  // Rows without a value come last, in both directions.
  function compare(left, right, numeric, direction) {
    if (left === "" || right === "") {
      return (left === "") - (right === "");
    }
    if (numeric) {
      return direction * (left - right);
    }
    return direction * ((left > right) - (left < right));
  }

  function sort(column) {
    const head = heads[column];
    const numeric = head.classList.contains("num");
    const direction = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    heads.forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
    const keys = new Map(rows.map((row) => [row, value(row, column)]));
    rows.sort((one, other) =>
      compare(keys.get(one), keys.get(other), numeric, direction) || order.get(one) - order.get(other));
    body.append(...rows);
  }

  function fits(row, wanted) {
    return texts.get(row).includes(wanted) && choices.every((choice) =>
      !choice.value || (row.dataset[choice.dataset.key] ?? "").split(" ").includes(choice.value));
  }

  function filter() {
    const wanted = text.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      row.hidden = !fits(row, wanted);
      count += !row.hidden;
    }
    const all = rows.length === 1 ? `1 ${shown.dataset.noun}` : `${rows.length} ${shown.dataset.noun}s`;
    shown.textContent = count < rows.length ? `${count} of ${all}` : rows.length > 1 ? `all ${all}` : all;
  }

  heads.forEach((head, column) => {
    // Browsers repeat a table's head on each printed page, but not the buttons in it.
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    const paper = document.createElement("span");
    paper.className = "paper";
    paper.append(...head.childNodes);
    head.append(button, paper);
    head.setAttribute("aria-sort", head.dataset.sorted ?? "none");
    button.addEventListener("click", () => sort(column));
  });
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  tools.hidden = false;
  filter();
})();
