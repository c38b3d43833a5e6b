/* Lets the reader sort the ledger's tables and filter all of a page's rows at once. Without it the
   tables read as they stand. */
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

/* What a reader chooses by: the name of each choice, and how a row answers it. */
const CHOICES = {
  Report: (row) => row.dataset.report,
  Practical: (row) => row.dataset.practical,
  Kind: (row) => row.dataset.kind,
  Verdict: (row) => row.querySelector(".verdict").firstChild.textContent,
};

function labelled(text, control) {
  const label = document.createElement("label");
  label.append(`${text} `, control);
  return label;
}

/* A list of what the rows have; none where all of them have the same. */
function selection(rows, answer) {
  const select = document.createElement("select");
  const found = new Set(rows.map(answer));
  select.append(new Option("all", ""), ...Array.from(found, (one) => new Option(one)));
  return found.size > 1 ? select : null;
}

/* One bar above the first table filters the rows of all of them. */
function makeFilterable(tables) {
  const rows = tables.flatMap((table) => Array.from(table.tBodies[0].rows));
  const words = document.createElement("input");
  words.type = "search";
  const selects = Object.entries(CHOICES)
    .map(([name, answer]) => ({ name, answer, select: selection(rows, answer) }))
    .filter(({ select }) => select);
  const reset = document.createElement("button");
  reset.type = "button";
  reset.textContent = "Show all";
  const count = document.createElement("output");

  function filter() {
    const wanted = words.value.trim().toLowerCase();
    for (const row of rows) {
      const found = `${row.id} ${row.textContent}`.toLowerCase().includes(wanted);
      const fits = ({ answer, select }) => ["", answer(row)].includes(select.value);
      row.hidden = !found || !selects.every(fits);
    }
    count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
  }

  function showAll() {
    words.value = "";
    for (const { select } of selects) select.value = "";
    filter();
  }

  words.addEventListener("input", filter);
  for (const { select } of selects) select.addEventListener("change", filter);
  reset.addEventListener("click", showAll);
  filter();
  const bar = document.createElement("div");
  bar.className = "ledger-filter";
  bar.setAttribute("role", "search");
  bar.setAttribute("aria-label", "Filter the ledger");
  bar.append(labelled("Words", words));
  bar.append(...selects.map(({ name, select }) => labelled(name, select)), reset, count);
  tables[0].before(bar);
  return showAll;
}

/* A link to a claim shows its row, and why, at once. */
function openTarget(showAll) {
  const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = row?.querySelector?.(".labkit-ledger details");
  if (!details) return;
  if (row.hidden) showAll();
  details.open = true;
  row.scrollIntoView();
}

document.addEventListener("DOMContentLoaded", () => {
  const tables = Array.from(document.querySelectorAll("table.labkit-ledger"));
  if (tables.length === 0) return;
  tables.forEach(makeSortable);
  const showAll = makeFilterable(tables);
  openTarget(showAll);
  addEventListener("hashchange", () => openTarget(showAll));
});
