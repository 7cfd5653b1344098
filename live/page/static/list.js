// The faces beside the picture, and the same in one sentence.

import { percent } from "./paint.js";

// Bring a list up to date with an answer; what stays is not made anew, so that it neither flickers nor loses its place.
export function fillList(list, faces, expressions) {
  const rows = new Map([...list.children].map((row) => [row.dataset.track, row]));
  for (const [index, face] of faces.entries()) {
    const row = rows.get(String(face.track)) ?? newRow(face.track, expressions);
    rows.delete(String(face.track));
    fillRow(row, face, expressions);
    if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
  }
  for (const row of rows.values()) row.remove();
}

// Such as "2 faces: Happy, Neutral."
export function sentence(answer) {
  if (answer.error) return answer.error;
  const { faces, dark } = answer;
  if (dark) return "The picture is black or of one colour. Is the lens covered?";
  if (!faces.length) return "No face found.";
  return `${faces.length === 1 ? "1 face" : `${faces.length} faces`}: ${faces.map((face) => face.expression).join(", ")}.`;
}

function newRow(track, expressions) {
  const row = element("li", "");
  row.dataset.track = track;
  const head = element("div", "face");
  head.append(element("span", "number", track), element("span", "label"), element("span", "share"));
  const bars = element("ul", "bars");
  for (const { name, colour } of expressions) {
    const line = element("li", ""), bar = element("span", "bar");
    bar.append(element("i", ""));
    bar.style.setProperty("--colour", colour);
    line.append(element("span", "", name), bar, element("span", "share"));
    bars.append(line);
  }
  row.append(head, bars);
  return row;
}

function fillRow(row, face, expressions) {
  const [number, label, share] = row.querySelector(".face").children;
  number.style.setProperty("--colour", expressions.find((one) => one.name === face.expression).colour);
  write(label, face.expression);
  write(share, percent(Math.max(...face.probabilities)));
  [...row.querySelector(".bars").children].forEach((line, index) => {
    line.querySelector("i").style.transform = `scaleX(${face.probabilities[index]})`;
    write(line.lastElementChild, percent(face.probabilities[index]));
  });
}

function element(tag, kind, words = "") {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  made.textContent = words;
  return made;
}

function write(where, words) {
  if (where.textContent !== words) where.textContent = words;
}
