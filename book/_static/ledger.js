/* Lets the reader sort and filter a ledger's table. Without it the table reads as it stands. */
"use strict";

/* What a cell is sorted by: its number where it has one, else its words. */
function sortKey(row, column) {
  const cell = row.cells[column];
  if (!("value" in cell.dataset)) return cell.firstChild.textContent.toLowerCase();
  return cell.dataset.value === "" ? Infinity : Number(cell.dataset.value);
}

function sortBy(table, column) {
  const head = table.tHead.rows[0].cells[column];
  const direction = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);
  const rows = Array.from(table.tBodies[0].rows, (row) => [sortKey(row, column), row]);
  const sign = direction === "ascending" ? 1 : -1;
  rows.sort(([first], [second]) => {
    if (first === second) return 0;
    if (first === Infinity) return 1; // rows without a number stay at the end
    if (second === Infinity) return -1;
    return first < second ? -sign : sign;
  });
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

function makeSortable(table) {
  Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(table, column));
    head.append(button);
  });
}

function labelled(text, control) {
  const label = document.createElement("label");
  label.append(`${text} `, control);
  return label;
}

function verdictOf(row) {
  return row.querySelector(".verdict").firstChild.textContent;
}

function makeFilterable(table) {
  const rows = Array.from(table.tBodies[0].rows);
  const words = document.createElement("input");
  words.type = "search";
  const verdict = document.createElement("select");
  const outcomes = new Set(rows.map(verdictOf));
  verdict.append(new Option("all", ""), ...Array.from(outcomes, (one) => new Option(one)));
  const count = document.createElement("output");

  function filter() {
    const wanted = words.value.trim().toLowerCase();
    for (const row of rows) {
      const found = `${row.id} ${row.textContent}`.toLowerCase().includes(wanted);
      row.hidden = !found || !(verdict.value === "" || verdict.value === verdictOf(row));
    }
    count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} claims`;
  }

  words.addEventListener("input", filter);
  verdict.addEventListener("change", filter);
  filter();
  const bar = document.createElement("div");
  bar.className = "ledger-filter";
  bar.append(labelled("Words", words), labelled("Verdict", verdict), count);
  table.before(bar);
}

/* A link to a claim shows why at once. */
function openTarget() {
  const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  row?.querySelector?.(".labkit-ledger details")?.setAttribute("open", "");
}

document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("table.labkit-ledger")) {
    makeSortable(table);
    makeFilterable(table);
  }
  openTarget();
});
addEventListener("hashchange", openTarget);
