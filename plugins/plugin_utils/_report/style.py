# Copyright (c) 2026, The mongodb_ops.legacy_backup authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the pages of a report look, and the small script that sorts and filters their table."""

from __future__ import annotations

# Kept is calm, removed stands out, held is a colour of its own, and red is for what is blocked or failed.
# Letters on marks and days have a contrast of 4.5 or more against what they lie on, in either scheme.
STYLE = """
:root{color-scheme:light dark;--page:#f6f7f8;--card:#fff;--ink:#1b2430;--soft:#566271;--line:#dde2e8;--band:#f3f5f7;
  --link:#1d5f8a;--focus:#1d5f8a;--kept:#35708f;--young:#4f7386;--extended:#2c7a51;--shortened:#9a6212;
  --removed:#b4511c;--held:#6a4aa5;--other:#6a7480;--on:#fff;--bad:#a51d24;--bad-page:#fdf0ef;--good:#2c7a51;
  --bar:#e6eaee}
@media screen and (prefers-color-scheme:dark){
  :root{--page:#12161b;--card:#191f26;--ink:#e4e8ed;--soft:#a3aebb;--line:#2f3842;--band:#1e252d;--link:#86c1e6;
    --focus:#86c1e6;--kept:#7fb8d6;--young:#9fbccb;--extended:#74c69a;--shortened:#dfae63;--removed:#ee9a68;
    --held:#b9a2ea;--other:#98a3af;--on:#10151a;--bad:#ff9c97;--bad-page:#36191b;--good:#74c69a;--bar:#2b343e}
}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--page);color:var(--ink);
  font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
  font-variant-numeric:tabular-nums}
.skip{position:absolute;left:-100rem}
.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem}
header,main,footer{max-width:1240px;margin:0 auto;padding:0 24px}
header{padding-top:36px}
footer{padding-bottom:48px}
h1{font-size:1.75rem;line-height:1.25;margin:0 0 .25rem;font-weight:650;letter-spacing:-.01em;
  overflow-wrap:anywhere}
h2{font-size:1.15rem;line-height:1.3;margin:0 0 .25rem;font-weight:650}
h3{font-size:.8rem;margin:0 0 .35rem;font-weight:600;color:var(--soft)}
p{margin:.25rem 0 .75rem;max-width:100ch}
a{color:var(--link)}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
.above{color:var(--soft);font-size:.8rem;letter-spacing:.04em;text-transform:uppercase;margin:0 0 .35rem;
  font-weight:600}
.policy{font-size:1.05rem;max-width:90ch;margin:.75rem 0 .5rem}
.facts{display:flex;flex-wrap:wrap;gap:.25rem 2rem;margin:0 0 1rem;padding:0;color:var(--soft);font-size:.87rem}
.facts div{display:flex;gap:.5rem}
.facts dt{font-weight:400}
.facts dd{margin:0;color:var(--ink);overflow-wrap:anywhere}
code,.id{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:1rem 0 0;padding:0;font-size:.9rem}
section,.verdict{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:22px 24px;
  margin:20px 0}
.note{color:var(--soft);font-size:.87rem}
.verdict{border-left:5px solid var(--kept)}
.verdict.done{border-left-color:var(--good)}
.verdict.blocked,.failed{border-color:var(--bad);background:var(--bad-page)}
.verdict.blocked{border-left-width:5px}
.verdict h2{font-size:1.3rem}
.blocked h2,.bad{color:var(--bad)}
.blocked li,.failed li{margin:.35rem 0}
.counts{display:flex;flex-wrap:wrap;gap:1rem 2.25rem;margin:1rem 0 .75rem;padding:0}
.counts div{display:flex;flex-direction:column-reverse;min-width:4.2rem}
.counts dt{color:var(--soft);font-size:.85rem}
.counts dd{margin:0;font-size:1.65rem;line-height:1.2;font-weight:600}
.c-kept dd{color:var(--kept)}
.c-extended dd{color:var(--extended)}
.c-removed dd{color:var(--removed)}
.c-shortened dd{color:var(--shortened)}
.c-held dd{color:var(--held)}
.c-none dd{color:var(--soft);font-weight:400}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:.35rem 1.4rem;margin:.75rem 0 0;padding:0;font-size:.85rem;
  color:var(--soft)}
.legend li{display:flex;align-items:center;gap:.45rem}
.legend b{color:var(--ink);font-weight:600}
.scroll{overflow:auto;margin:0 -8px;padding:0 8px}
.picture svg{display:block;width:100%;min-width:860px;height:auto}
svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--soft)}
.band{fill:var(--band)}
.grid{stroke:var(--line);stroke-width:1}
.now{stroke:var(--ink);stroke-width:1.25}
svg .tick,svg .tick-now{text-anchor:middle}
svg .tick-now{fill:var(--ink);font-weight:600}
svg .lane{fill:var(--ink);font-size:12px;font-weight:600}
svg .lane-count{font-size:10px}
.also{stroke:var(--kept);stroke-width:1.4;opacity:.75}
.move{fill:none;stroke:var(--extended);stroke-width:1.2}
.faint{opacity:.3}
[id^=mark-] text{font-size:7.2px;font-weight:700;text-anchor:middle;fill:var(--on)}
.m-kept{fill:var(--kept)}
.m-young{fill:var(--young)}
.m-extended{fill:var(--extended)}
.m-shortened{fill:var(--shortened)}
.m-removed{fill:var(--removed)}
.m-held{fill:var(--held)}
.m-incomplete,.m-future,.m-expired{fill:var(--card);stroke:var(--other);stroke-width:1.2}
[id^=mark-].m-incomplete text,[id^=mark-].m-future text,[id^=mark-].m-expired text{fill:var(--soft);stroke:none}
.mark:hover use{stroke:var(--ink);stroke-width:1.2}
.months{display:flex;flex-wrap:wrap;gap:20px 22px;margin-top:.75rem}
.month{break-inside:avoid}
.days{display:grid;grid-template-columns:repeat(7,18px);gap:2px}
.day,.days i{height:18px;border-radius:3px;
  font:600 10px/18px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;text-align:center;font-style:normal}
.day{background:var(--band);display:block;min-width:18px}
.skipped{align-self:center;color:var(--soft);font-size:.82rem;max-width:9rem;margin:0;
  border-left:2px solid var(--line);padding-left:.75rem}
.d-all{background:#123f5c;color:#fff}
.d-hour{background:#1d5577;color:#fff}
.d-day{background:#2e6d92;color:#fff}
.d-week{background:#8fbdd8;color:#10212d}
.d-month{background:#b5d5e7;color:#10212d}
.d-year{background:#d5e7f1;color:#10212d}
.d-safety{background:#cfd8de;color:#1b2430}
.d-held{background:#6a4aa5;color:#fff}
.d-removed{background:#f6d9c8;color:#6f2f0d}
.d-other{background:var(--card);color:var(--soft);border:1px dashed var(--soft);line-height:16px!important}
table{border-collapse:collapse;width:100%;font-size:.88rem}
caption{text-align:left;color:var(--soft);padding:0 0 .6rem;font-size:.87rem;max-width:calc(100vw - 62px)}
time{white-space:nowrap}
.paper{display:none}
th,td{text-align:left;vertical-align:top;padding:.5rem .8rem;border-bottom:1px solid var(--line)}
th{font-weight:600;white-space:nowrap}
thead th{color:var(--soft);font-size:.82rem}
tbody th{font-weight:500}
td.num,th.num{text-align:right;white-space:nowrap}
td.when{white-space:nowrap}
tr.this th{font-weight:700}
tbody tr:last-child>*{border-bottom:0}
#clusters td:nth-child(4){min-width:14rem}
.rows{max-height:76vh;border:1px solid var(--line);border-radius:8px;margin:0;padding:0}
.rows table{min-width:1040px;font-size:.82rem}
.rows thead th{position:sticky;top:0;background:var(--band);z-index:1}
.rows th,.rows td{padding:.45rem .65rem}
.rows tbody th{font-weight:400}
.rows td:nth-child(7){width:45%}
.why{color:var(--soft)}
.why li,.why ul{margin:0;padding:0;list-style:none}
.rows li{list-style:none}
.rows td ul{margin:0;padding:0}
.badge{display:inline-flex;align-items:center;gap:.35rem;white-space:nowrap}
.badge::before{content:attr(data-letter);display:inline-block;width:1.3em;height:1.3em;line-height:1.3em;
  border-radius:3px;text-align:center;font-size:.72rem;font-weight:700;color:var(--on);background:var(--other)}
.b-kept::before{background:var(--kept)}
.b-young::before{background:var(--young)}
.b-extended::before{background:var(--extended)}
.b-shortened::before{background:var(--shortened)}
.b-removed::before{background:var(--removed)}
.b-held::before{background:var(--held)}
th button{all:unset;cursor:pointer;white-space:nowrap}
th button:focus-visible{outline:2px solid var(--focus)}
th button::after{content:"";display:inline-block;width:1em;text-align:center}
th[aria-sort=ascending] button::after{content:"↑"}
th[aria-sort=descending] button::after{content:"↓"}
.tools{display:flex;flex-wrap:wrap;gap:.6rem 1rem;align-items:center;margin:.75rem 0}
.tools[hidden]{display:none}
.tools label{font-size:.85rem;color:var(--soft);display:flex;gap:.5rem;align-items:center}
.tools select,.tools input{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--soft);
  border-radius:6px;padding:.3rem .5rem;max-width:100%}
.tools output{font-size:.87rem;color:var(--soft);margin-left:auto}
.meter{display:block;width:100%;min-width:90px;height:10px}
.meter rect{fill:var(--bar)}
.meter .on{fill:var(--kept)}
.list{margin:.5rem 0 0;padding-left:1.15rem}
.list li{margin:.3rem 0;overflow-wrap:anywhere}
.evidence{display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.3rem 1.5rem;margin:.5rem 0 0;
  font-size:.88rem}
.evidence dt{color:var(--soft)}
.evidence dd{margin:0;overflow-wrap:anywhere}
details{margin:.5rem 0}
summary{cursor:pointer}
@media (max-width:640px){
  header,main,footer{padding-left:14px;padding-right:14px}
  section,.verdict{padding:16px 14px}
  h1{font-size:1.4rem}
  .evidence{grid-template-columns:1fr}
  .evidence dd{margin-bottom:.4rem}
  .tools output{margin-left:0}
  .counts{gap:.75rem 1.5rem}
  th,td{padding:.45rem .5rem}
}
@media (prefers-reduced-motion:no-preference){
  html{scroll-behavior:smooth}
}
@media print{
  @page{size:A4 landscape;margin:12mm}
  :root{color-scheme:light;--page:#fff;--band:#f3f5f7}
  *{-webkit-print-color-adjust:exact;print-color-adjust:exact}
  body{font-size:9pt}
  h1{font-size:16pt}
  .policy{font-size:10pt;margin:4pt 0}
  .counts{margin:4pt 0}
  .counts dd{font-size:14pt}
  header,main,footer{max-width:none;padding:0}
  nav,.tools,.skip{display:none!important}
  section,.verdict{border-radius:0;padding:10px 12px;margin:10px 0}
  h2,h3,caption{break-after:avoid}
  caption{max-width:none}
  tr,.month,li,.verdict,#timeline,#calendar,#tiers,#coverage{break-inside:avoid}
  .why li{display:inline}
  .why li+li::before{content:"; "}
  .paper{display:inline}
  th button{display:none}
  .scroll,.rows{overflow:visible;max-height:none;border:0}
  .picture svg{min-width:0}
  .rows table{min-width:0;font-size:7.6pt}
  .rows thead th{position:static}
  .rows th,.rows td{padding:2.5pt 4pt}
  td.when{white-space:normal}
}
"""

SCRIPT = """
"use strict";
(function () {
  var table = document.getElementById("snapshots");
  if (!table) { return; }
  var body = table.tBodies[0], heads = Array.from(table.tHead.rows[0].cells), rows = Array.from(body.rows);
  var tools = document.getElementById("tools"), text = document.getElementById("filter-text");
  var mark = document.getElementById("filter-mark"), tier = document.getElementById("filter-tier");
  var shown = document.getElementById("shown");
  var order = new Map(rows.map(function (row, place) { return [row, place]; }));
  var texts = new Map(rows.map(function (row) { return [row, row.textContent.toLowerCase()]; }));
  function value(row, column) {
    var cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent : cell.dataset.v;
  }
  function compare(left, right, numeric) {
    if (left === "" || right === "") { return left === right ? 0 : left === "" ? 1 : -1; }
    return numeric ? left - right : left < right ? -1 : left > right ? 1 : 0;
  }
  function sort(column) {
    var head = heads[column], numeric = head.classList.contains("num");
    var turned = head.getAttribute("aria-sort") === "ascending";
    heads.forEach(function (other) { other.setAttribute("aria-sort", "none"); });
    head.setAttribute("aria-sort", turned ? "descending" : "ascending");
    var keys = new Map(rows.map(function (row) { return [row, value(row, column)]; }));
    rows.sort(function (one, other) {
      var a = keys.get(one), b = keys.get(other), found = compare(a, b, numeric);
      if (turned && a !== "" && b !== "") { found = -found; }
      return found || order.get(one) - order.get(other);
    });
    body.append.apply(body, rows);
  }
  function filter() {
    var wanted = text.value.trim().toLowerCase(), count = 0;
    rows.forEach(function (row) {
      var fits = (!mark.value || row.dataset.mark === mark.value)
        && (!tier.value || (" " + row.dataset.tiers + " ").includes(" " + tier.value + " "))
        && (!wanted || texts.get(row).includes(wanted));
      row.hidden = !fits;
      count += fits ? 1 : 0;
    });
    shown.textContent = (count === rows.length ? "all " : count + " of ") + rows.length + " snapshots";
  }
  heads.forEach(function (head, column) {
    // Browsers repeat a table's head on each printed page, but not the buttons in it.
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    var paper = document.createElement("span");
    paper.className = "paper";
    paper.append.apply(paper, Array.from(head.childNodes));
    head.append(button, paper);
    head.setAttribute("aria-sort", head.dataset.sorted || "none");
    button.addEventListener("click", function () { sort(column); });
  });
  [text, mark, tier].forEach(function (field) { field.addEventListener("input", filter); });
  document.getElementById("filters").addEventListener("submit", function (event) { event.preventDefault(); });
  tools.hidden = false;
  filter();
})();
"""
