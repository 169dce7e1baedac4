"use strict";
// Column heads become buttons that sort; without this script the tables stay readable.
function keyOf(row, column) {
  const cell = row.cells[column];
  return cell.dataset.value ?? cell.textContent.trim();
}
function compare(a, b) {
  const [x, y] = [Number(a), Number(b)];
  if (a !== "" && b !== "" && !isNaN(x) && !isNaN(y)) return x - y;
  return a.localeCompare(b, undefined, { numeric: true });
}
function sort(table, heads, column) {
  const up = heads[column].getAttribute("aria-sort") !== "ascending";
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => (up ? 1 : -1) * compare(keyOf(a, column), keyOf(b, column)));
  table.tBodies[0].append(...rows);
  heads.forEach((head) => head.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", up ? "ascending" : "descending");
}
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, heads, column));
    head.append(button);
  });
}
// Lists of names are printed whole; code in common stays folded.
addEventListener("beforeprint", () => {
  document.querySelectorAll("details.rest").forEach((one) => (one.open = true));
});
